/* One palette, one base. Data come from json_script blocks; every chart has a table twin in the page. */
(() => {
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const phone = () => matchMedia('(max-width:767.98px)').matches;
  const palette = () => ({ accent: css('--ct-accent'), ink: css('--ct-ink'), muted: css('--ct-muted'), line: css('--ct-line'), strong: css('--ct-line-strong'), surface: css('--ct-surface'), none: '#8892a0',
    series: [css('--ct-accent'), css('--ct-clinical'), css('--ct-research'), css('--ct-oncall'), css('--ct-teach')], tracks: { clinical: css('--ct-clinical'), research: css('--ct-research'), oncall: css('--ct-oncall'), teach: css('--ct-teach') } });
  const text = C => ({ fontFamily: css('--ct-font'), fontSize: 12, color: C.muted });
  const axis = (C, o) => ({ axisLine: { show: false }, axisTick: { show: false }, splitLine: { lineStyle: { color: C.line } }, ...o, axisLabel: { ...text(C), ...(o.axisLabel || {}) } });
  const base = (C, trigger) => ({ animation: false, textStyle: text(C), aria: { enabled: false }, tooltip: { renderMode: 'richText', trigger, confine: true, backgroundColor: C.surface, borderColor: C.strong, textStyle: { ...text(C), color: C.ink }, axisPointer: { type: trigger === 'axis' ? 'shadow' : 'line' } } });
  const colour = (C, d, i) => C.tracks[d.series[i].track] || (d.series.length === 1 ? C.accent : C.series[i % C.series.length]);
  const cats = (C, d, o = {}) => axis(C, { type: 'category', data: d.categories, splitLine: { show: false }, axisLine: { show: true, lineStyle: { color: C.strong } }, ...o });
  const legend = (C, d) => (d.series.length > 1 ? { legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 10, textStyle: { ...text(C), color: C.ink } } } : {});
  const make = {
    bar(d, C) {
      const many = d.series.length > 1;
      const bars = d.series.map((s, i) => ({ name: s.name, type: 'bar', barWidth: many ? undefined : '56%', barGap: '8%',
        data: s.values.map((v, j) => ({ value: v, itemStyle: { color: (d.muted || []).includes(j) ? C.none : colour(C, d, i), borderRadius: [3, 3, 0, 0] } })), itemStyle: { color: colour(C, d, i) },
        label: { show: !d.compare && (!many || !phone()), position: 'top', distance: 4, ...text(C), color: C.ink, fontWeight: 600 } }));
      const tick = d.compare ? [{ name: d.compare.name, type: 'scatter', symbol: 'rect', symbolSize: [Math.min(46, innerWidth / 14), 2.5], data: d.compare.values, itemStyle: { color: C.ink }, silent: true },
        { type: 'scatter', symbolSize: 1, silent: true, tooltip: { show: false }, itemStyle: { color: 'transparent' }, data: d.series[0].values.map((v, i) => Math.max(v, d.compare.values[i] ?? 0)), label: { show: true, position: 'top', distance: 5, ...text(C), color: C.ink, fontWeight: 600, formatter: p => String(d.series[0].values[p.dataIndex]) } }] : [];
      return { ...base(C, 'axis'), ...(many ? legend(C, d) : {}), grid: { left: 8, right: 8, top: many ? 40 : 24, bottom: 24, containLabel: false }, xAxis: cats(C, d, { axisLabel: { color: C.ink, interval: 0, hideOverlap: true, overflow: 'break', width: phone() ? 44 : 110 } }), yAxis: axis(C, { show: false, min: 0 }), series: [...bars, ...tick] };
    },
    hbar(d, C) {
      const widest = Math.max(...d.categories.map(c => [...c].reduce((w, ch) => w + (ch.charCodeAt(0) > 255 ? 12.5 : 7), 0)));
      return { ...base(C, 'axis'), ...legend(C, d), grid: { left: Math.min(widest + 12, phone() ? 130 : 240), right: 44, top: d.series.length > 1 ? 30 : 6, bottom: 6 }, xAxis: axis(C, { type: 'value', show: false, min: 0 }),
        yAxis: cats(C, d, { inverse: true, axisLine: { show: false }, axisLabel: { color: C.ink, interval: 0, overflow: 'truncate', width: phone() ? 120 : 230 } }),
        series: d.series.map((s, i) => ({ name: s.name, type: 'bar', barMaxWidth: 18, data: s.values.map((v, j) => ({ value: v, itemStyle: { color: (d.muted || []).includes(j) ? C.none : colour(C, d, i), borderRadius: [0, 3, 3, 0] } })), itemStyle: { color: colour(C, d, i) }, label: { show: true, position: 'right', ...text(C), color: C.ink, fontWeight: 600 } })) };
    },
    line(d, C) {
      const end = Math.max(...d.series.map(s => [...(s.end || s.name)].reduce((w, ch) => w + (ch.charCodeAt(0) > 255 ? 12.5 : 7), 0)));
      const tone = i => C.tracks[d.series[i].track] || (i === 0 ? C.accent : i === 1 ? C.ink : C.series[i % C.series.length]);
      return { ...base(C, 'axis'), tooltip: { ...base(C, 'axis').tooltip, axisPointer: { type: 'line' } }, grid: { left: 40, right: Math.min(end + 14, 160), top: 14, bottom: 24 }, xAxis: cats(C, d, { boundaryGap: false, axisLabel: { hideOverlap: true } }),
        yAxis: axis(C, { min: 0, max: d.max, splitNumber: 2, axisLabel: { formatter: '{value}' + (d.unit || '') } }),
        series: d.series.map((s, i) => ({ name: s.name, type: 'line', data: s.values, symbol: 'none', lineStyle: { width: 2.5, color: tone(i) }, itemStyle: { color: tone(i) }, labelLayout: { moveOverlap: 'shiftY' }, endLabel: { show: true, formatter: s.end || s.name, ...text(C), color: tone(i), fontWeight: 600, lineHeight: 17, distance: 6 } })) };
    },
    stackedbar(d, C) {
      return { ...base(C, 'axis'), ...legend(C, d), grid: { left: 36, right: 8, top: 34, bottom: 24 }, xAxis: cats(C, d, { axisLabel: { color: C.ink, hideOverlap: true } }), yAxis: axis(C, { min: 0, splitNumber: 3 }),
        series: d.series.map((s, i) => ({ name: s.name, type: 'bar', stack: 'all', barWidth: '56%', data: s.values, itemStyle: { color: colour(C, d, i) } })) };
    },
    share(d, C) {
      const totals = d.categories.map((_, j) => d.series.reduce((sum, s) => sum + (s.values[j] || 0), 0));
      return { ...base(C, 'item'), ...legend(C, d), grid: { left: phone() ? 90 : 150, right: 8, top: 34, bottom: 6 }, xAxis: axis(C, { type: 'value', show: false, min: 0, max: 100 }), yAxis: cats(C, d, { inverse: true, axisLine: { show: false }, axisLabel: { color: C.ink, overflow: 'truncate', width: phone() ? 80 : 140 } }),
        series: d.series.map((s, i) => ({ name: s.name, type: 'bar', stack: 'all', barMaxWidth: 22, data: s.values.map((v, j) => (totals[j] ? 100 * v / totals[j] : 0)), itemStyle: { color: colour(C, d, i), borderColor: C.surface, borderWidth: 1 }, tooltip: { formatter: p => `${p.name} ${s.name} ${s.values[p.dataIndex]} (${Math.round(p.value)}%, n = ${totals[p.dataIndex]})` } })) };
    },
  };
  const drawn = new Map();
  const draw = el => {
    const data = JSON.parse(document.getElementById(el.dataset.src).textContent);
    const chart = drawn.get(el) || echarts.init(el, null, { renderer: 'svg' });
    if (!drawn.has(el)) { drawn.set(el, chart); new ResizeObserver(() => chart.resize()).observe(el); }
    chart.setOption(make[el.dataset.chart](data, palette()), true);
  };
  const drawAll = (scope = document) => scope.querySelectorAll('[data-chart]').forEach(draw);
  drawAll();
  new MutationObserver(() => drawAll()).observe(document.documentElement, { attributes: true, attributeFilter: ['data-bs-theme'] });
  document.addEventListener('htmx:load', e => { if (e.target !== document.body) drawAll(e.target); });
})();
