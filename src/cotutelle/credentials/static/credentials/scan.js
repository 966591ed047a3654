// Scan the code of a paper with the camera, or in a picture of it, where the browser can read codes.
// A code leads to a page of this site; anything else is shown and not opened.

const box = document.getElementById("cv-scan");
const says = document.getElementById("cv-scan-says");
const video = document.getElementById("cv-scan-video");
let stream = null;

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  video.hidden = true;
}

function found(text) {
  const address = URL.canParse(text) ? new URL(text) : null;
  if (address?.pathname.startsWith("/verify/") || address?.pathname.startsWith("/documents/v/")) {
    stop();
    if (address.origin === location.origin) location.assign(address.href);
    else says.textContent = `${box.dataset.elsewhere} ${address.href}`;
    return true;
  }
  says.textContent = box.dataset.other;
  return false;
}

async function read(detector, source) {
  const codes = await detector.detect(source);
  return codes.length > 0 && found(codes[0].rawValue);
}

async function look(detector) {
  if (!stream) return;
  if (await read(detector, video).catch(() => false)) return;
  requestAnimationFrame(() => look(detector));
}

async function start(detector) {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    says.textContent = box.dataset.refused;
    return;
  }
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  look(detector);
}

if ("BarcodeDetector" in window) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  box.querySelector("button").addEventListener("click", () => (stream ? stop() : start(detector)));
  box.querySelector("input").addEventListener("change", async (event) => {
    const picture = await createImageBitmap(event.target.files[0]).catch(() => null);
    if (!picture || !(await read(detector, picture))) says.textContent = box.dataset.nothing;
  });
} else {
  box.querySelectorAll("button, label").forEach((control) => (control.hidden = true));
  says.textContent = box.dataset.absent;
}
