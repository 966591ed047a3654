"""What the invented mentors work on: fields of medicine, each with its own words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One expression in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its discipline, what is studied in it, and with which methods."""

    key: str
    discipline: str
    name: Term
    topics: tuple[Term, ...]
    methods: tuple[Term, ...]


def _terms(text: str) -> tuple[Term, ...]:
    rows = (line.split("|") for line in text.splitlines() if line)
    return tuple(Term(zh.strip(), en.strip()) for zh, en in rows)


def _field(key: str, discipline: str, name: str, topics: str, methods: str) -> Field:
    zh, en = name.split("|")
    return Field(key, discipline, Term(zh, en), _terms(topics), _terms(methods))


CLINICAL = """
多中心真实世界数据|multicentre real-world data
倾向性评分匹配|propensity score matching
前瞻性队列随访|prospective cohort follow-up
"""
BENCH = """
单细胞转录组测序|single-cell transcriptome sequencing
小鼠基因敲除模型|knockout mouse models
患者来源类器官|patient-derived organoids
"""
COMPUTING = """
深度学习|deep learning
影像组学|radiomics
自监督预训练|self-supervised pretraining
"""

FIELDS: tuple[Field, ...] = (
    _field(
        "lung",
        "内科学",
        "呼吸系统疾病|Respiratory diseases",
        """
肺结节良恶性鉴别|differentiation of benign and malignant pulmonary nodules
慢性阻塞性肺疾病急性加重|acute exacerbation of chronic obstructive pulmonary disease
肺纤维化的上皮修复|epithelial repair in pulmonary fibrosis
重症肺炎的早期识别|early recognition of severe pneumonia
哮喘气道炎症表型|airway inflammation phenotypes of asthma
""",
        CLINICAL + "肺泡灌洗液宏基因组测序|metagenomic sequencing of lavage fluid",
    ),
    _field(
        "heart",
        "内科学",
        "心血管疾病|Cardiovascular diseases",
        """
射血分数保留型心力衰竭|heart failure with preserved ejection fraction
急性心肌梗死再灌注损伤|reperfusion injury after acute myocardial infarction
心房颤动导管消融|catheter ablation of atrial fibrillation
冠状动脉易损斑块|vulnerable coronary plaques
高血压患者靶器官损害|target organ damage in hypertension
""",
        CLINICAL + "血管内光学相干断层成像|intravascular optical coherence tomography",
    ),
    _field(
        "gut",
        "内科学",
        "消化系统疾病|Digestive diseases",
        """
早期胃癌内镜识别|endoscopic recognition of early gastric cancer
炎症性肠病黏膜愈合|mucosal healing in inflammatory bowel disease
幽门螺杆菌耐药|antibiotic resistance of Helicobacter pylori
代谢相关脂肪性肝病|metabolic dysfunction-associated fatty liver disease
肠道菌群与结直肠腺瘤|gut microbiota and colorectal adenoma
""",
        CLINICAL + "肠道菌群16S测序|16S sequencing of gut microbiota",
    ),
    _field(
        "brain",
        "神经病学",
        "神经系统疾病|Neurological diseases",
        """
急性缺血性卒中取栓|thrombectomy for acute ischaemic stroke
阿尔茨海默病早期生物标志物|early biomarkers of Alzheimer disease
帕金森病步态障碍|gait disorders in Parkinson disease
难治性癫痫网络定位|network localisation of refractory epilepsy
脑小血管病认知损害|cognitive impairment in cerebral small vessel disease
""",
        CLINICAL + "静息态功能磁共振|resting-state functional MRI",
    ),
    _field(
        "tumour",
        "肿瘤学",
        "肿瘤治疗|Cancer treatment",
        """
非小细胞肺癌免疫治疗耐药|resistance to immunotherapy in non-small cell lung cancer
三阴性乳腺癌微环境|microenvironment of triple-negative breast cancer
结直肠癌循环肿瘤DNA监测|monitoring of circulating tumour DNA in colorectal cancer
肝细胞癌靶向联合治疗|combined targeted therapy of hepatocellular carcinoma
鼻咽癌调强放疗|intensity-modulated radiotherapy of nasopharyngeal carcinoma
""",
        BENCH + CLINICAL,
    ),
    _field(
        "surgery",
        "外科学",
        "普通外科|General surgery",
        """
机器人辅助直肠癌手术|robot-assisted rectal cancer surgery
肝移植缺血再灌注损伤|ischaemia-reperfusion injury in liver transplantation
胰腺癌新辅助治疗|neoadjuvant therapy of pancreatic cancer
腹壁疝补片修复|mesh repair of abdominal wall hernia
甲状腺微小癌主动监测|active surveillance of papillary thyroid microcarcinoma
""",
        CLINICAL + "手术视频分析|surgical video analysis",
    ),
    _field(
        "bone",
        "外科学",
        "骨与关节|Bone and joint",
        """
膝骨关节炎软骨修复|cartilage repair in knee osteoarthritis
骨质疏松性椎体骨折|osteoporotic vertebral fractures
脊柱侧弯矫形规划|planning of scoliosis correction
人工髋关节翻修|revision hip arthroplasty
骨缺损三维打印支架|three-dimensional printed scaffolds for bone defects
""",
        CLINICAL
        + "有限元分析|finite element analysis\n三维步态分析|three-dimensional gait analysis",
    ),
    _field(
        "imaging",
        "影像医学与核医学",
        "医学影像|Medical imaging",
        """
低剂量CT肺癌筛查|low-dose CT lung cancer screening
前列腺多参数磁共振|multiparametric MRI of the prostate
乳腺钼靶致密分级|breast density grading in mammography
冠脉CT血流储备分数|CT-derived fractional flow reserve
肝脏脂肪定量成像|quantitative imaging of liver fat
""",
        COMPUTING + "双能量CT|dual-energy CT",
    ),
    _field(
        "ultrasound",
        "影像医学与核医学",
        "超声医学|Ultrasound medicine",
        """
甲状腺结节超声造影|contrast-enhanced ultrasound of thyroid nodules
胎儿心脏超声标准切面|standard planes of fetal echocardiography
肝脏弹性成像分期|staging by liver elastography
床旁肺部超声评估|point-of-care lung ultrasound
颈动脉斑块新生血管|neovascularisation of carotid plaques
""",
        COMPUTING + "剪切波弹性成像|shear wave elastography",
    ),
    _field(
        "endocrine",
        "内科学",
        "内分泌与代谢|Endocrinology and metabolism",
        """
2型糖尿病缓解|remission of type 2 diabetes
糖尿病足溃疡愈合|healing of diabetic foot ulcers
肥胖与脂肪组织炎症|obesity and adipose tissue inflammation
妊娠期糖尿病结局|outcomes of gestational diabetes
甲状腺相关眼病|thyroid eye disease
""",
        CLINICAL + "连续血糖监测|continuous glucose monitoring",
    ),
    _field(
        "kidney",
        "内科学",
        "肾脏疾病|Kidney diseases",
        """
IgA肾病进展预测|prediction of IgA nephropathy progression
脓毒症相关急性肾损伤|sepsis-associated acute kidney injury
血液透析通路狭窄|stenosis of haemodialysis access
糖尿病肾病足细胞损伤|podocyte injury in diabetic nephropathy
肾移植排斥反应监测|monitoring of kidney transplant rejection
""",
        CLINICAL + "尿液蛋白组学|urinary proteomics",
    ),
    _field(
        "women",
        "妇产科学",
        "妇产与生殖|Obstetrics, gynaecology and reproduction",
        """
子痫前期早孕预测|first-trimester prediction of pre-eclampsia
子宫内膜异位症疼痛|pain in endometriosis
卵巢癌铂耐药|platinum resistance of ovarian cancer
多囊卵巢综合征助孕|assisted reproduction in polycystic ovary syndrome
早产儿宫内生长受限|intrauterine growth restriction of preterm infants
""",
        CLINICAL + "胎盘转录组测序|placental transcriptome sequencing",
    ),
    _field(
        "children",
        "儿科学",
        "儿科学|Paediatrics",
        """
儿童急性淋巴细胞白血病|childhood acute lymphoblastic leukaemia
川崎病冠状动脉损害|coronary lesions in Kawasaki disease
孤独症谱系障碍早期筛查|early screening for autism spectrum disorder
新生儿败血症诊断|diagnosis of neonatal sepsis
儿童罕见病基因诊断|genetic diagnosis of rare diseases in children
""",
        CLINICAL + "全外显子组测序|whole-exome sequencing",
    ),
    _field(
        "critical",
        "急诊医学",
        "急危重症|Emergency and critical care",
        """
脓毒症休克液体复苏|fluid resuscitation in septic shock
院前心脏骤停救治|treatment of out-of-hospital cardiac arrest
急性呼吸窘迫综合征俯卧位通气|prone ventilation in acute respiratory distress syndrome
创伤性凝血病|trauma-induced coagulopathy
重症患者早期预警评分|early warning scores in critically ill patients
""",
        CLINICAL + "重症时序数据机器学习|machine learning on critical care time series",
    ),
    _field(
        "anaesthesia",
        "麻醉学",
        "麻醉与围术期|Anaesthesia and perioperative medicine",
        """
老年患者术后谵妄|postoperative delirium in older patients
慢性术后疼痛|chronic postsurgical pain
超声引导神经阻滞|ultrasound-guided nerve block
全麻药物意识机制|mechanisms of consciousness under general anaesthetics
日间手术加速康复|enhanced recovery after day surgery
""",
        CLINICAL + "麻醉脑电监测|electroencephalographic monitoring of anaesthesia",
    ),
    _field(
        "rehab",
        "康复医学与理疗学",
        "康复医学|Rehabilitation medicine",
        """
卒中后上肢功能重建|upper limb recovery after stroke
脊髓损伤外骨骼训练|exoskeleton training after spinal cord injury
吞咽障碍电刺激|electrical stimulation for dysphagia
心肺康复运动处方|exercise prescription in cardiopulmonary rehabilitation
慢性腰痛运动控制|motor control in chronic low back pain
""",
        "表面肌电|surface electromyography\n经颅磁刺激|transcranial magnetic stimulation\n"
        "脑机接口|brain-computer interfaces",
    ),
    _field(
        "blood",
        "内科学",
        "血液病与检验|Haematology and laboratory medicine",
        """
急性髓系白血病微小残留病|minimal residual disease in acute myeloid leukaemia
多发性骨髓瘤CAR-T治疗|CAR-T therapy of multiple myeloma
血友病基因治疗|gene therapy of haemophilia
耐药菌快速质谱鉴定|rapid mass spectrometric identification of resistant bacteria
外泌体液体活检|exosome liquid biopsy
""",
        BENCH + "流式细胞术|flow cytometry",
    ),
    _field(
        "basic",
        "生物学",
        "基础医学|Basic medicine",
        """
肿瘤铁死亡调控|regulation of ferroptosis in tumours
神经炎症与小胶质细胞|neuroinflammation and microglia
线粒体自噬与心肌保护|mitophagy and myocardial protection
抗病毒天然免疫信号|innate immune signalling against viruses
表观遗传与细胞衰老|epigenetics and cellular senescence
""",
        BENCH + "CRISPR全基因组筛选|genome-wide CRISPR screening",
    ),
    _field(
        "public",
        "公共卫生与预防医学",
        "公共卫生|Public health",
        """
高原地区慢性病流行特征|epidemiology of chronic diseases at high altitude
大气细颗粒物健康效应|health effects of fine particulate matter
老年人群多病共存|multimorbidity in older people
传染病传播动力学|transmission dynamics of infectious diseases
医学生职业倦怠|burnout among medical students
""",
        "孟德尔随机化|Mendelian randomisation\n大型出生队列|large birth cohorts\n"
        "医保大数据|health insurance data",
    ),
    _field(
        "drugs",
        "药学",
        "药学|Pharmacy",
        """
肿瘤靶向纳米递药|tumour-targeted nano drug delivery
万古霉素个体化给药|individualised dosing of vancomycin
云南重楼活性成分|active constituents of Paris polyphylla
抗纤维化小分子先导物|antifibrotic small-molecule leads
中药肝毒性机制|mechanisms of herbal hepatotoxicity
""",
        "群体药代动力学|population pharmacokinetics\n网络药理学|network pharmacology\n"
        "高内涵药物筛选|high-content drug screening",
    ),
    _field(
        "engineering",
        "生物医学工程",
        "生物医学工程|Biomedical engineering",
        """
柔性可穿戴心电传感|flexible wearable ECG sensing
手术机器人力反馈|force feedback in surgical robots
可降解血管支架|biodegradable vascular stents
微流控器官芯片|microfluidic organs-on-chips
脑电信号情绪识别|emotion recognition from EEG
""",
        "有限元仿真|finite element simulation\n微纳加工|micro-nano fabrication\n"
        "嵌入式系统设计|embedded system design",
    ),
    _field(
        "computing",
        "医学技术",
        "医学人工智能|Medical artificial intelligence",
        """
病理切片肿瘤分割|tumour segmentation in pathology slides
电子病历语言模型|language models for electronic records
跨院联邦学习|federated learning across hospitals
胸片报告自动生成|automatic reporting of chest radiographs
低剂量CT图像降噪|denoising of low-dose CT images
""",
        COMPUTING + "图神经网络|graph neural networks\n大语言模型|large language models",
    ),
)

FIELD_OF = {field.key: field for field in FIELDS}
