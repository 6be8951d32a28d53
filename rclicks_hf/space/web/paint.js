// A brush for the object mask. Sends `painted` with a PNG, white on black, of the picture's size.
let erases = false;
let last = null;
const canvas = () => element.querySelector("canvas");

function stroke(event) {
  const target = canvas();
  const shown = target.getBoundingClientRect();
  const scale = target.width / shown.width;
  const point = [(event.clientX - shown.left) * scale, (event.clientY - shown.top) * scale];
  const pen = target.getContext("2d");
  pen.globalCompositeOperation = erases ? "destination-out" : "source-over";
  pen.strokeStyle = "#d0389b";
  pen.lineCap = "round";
  pen.lineWidth = Number(element.querySelector("input[type=range]").value);
  pen.beginPath();
  pen.moveTo(...(last || point));
  pen.lineTo(...point);
  pen.stroke();
  last = point;
}

element.addEventListener("pointerdown", (event) => {
  if (event.target !== canvas()) return;
  event.target.setPointerCapture(event.pointerId);
  last = null;
  stroke(event);
});
element.addEventListener("pointermove", (event) => {
  if (last && event.target === canvas()) stroke(event);
});
for (const end of ["pointerup", "pointercancel"]) {
  element.addEventListener(end, () => {
    last = null;
  });
}

function mask(painted) {
  const { width, height } = painted;
  const pixels = painted.getContext("2d").getImageData(0, 0, width, height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    const value = pixels.data[i + 3] > 127 ? 255 : 0; // the brush has a soft rim
    pixels.data.set([value, value, value, 255], i);
  }
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  copy.getContext("2d").putImageData(pixels, 0, 0);
  return copy.toDataURL("image/png");
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const target = canvas();
  const what = button.dataset.do;
  if (what === "clear") target.getContext("2d").clearRect(0, 0, target.width, target.height);
  if (what === "use") trigger("painted", { data: mask(target) });
  if (what === "paint" || what === "erase") {
    erases = what === "erase";
    for (const one of element.querySelectorAll("button[aria-pressed]")) {
      one.setAttribute("aria-pressed", String(one === button));
    }
  }
});

// New content is drawn with the brush that its buttons show.
watch("value", () => {
  erases = false;
  last = null;
});
