// A picture to click on: mouse, finger, or arrow keys and Enter. Listeners sit on `element`, which
// outlives its content. Sends `place` with x, y in pixels of the picture and the device.
let aim = null;
let byKeyboard = false;
const picture = () => element.querySelector("svg.surface");
const clamp = (value, size) => Math.min(Math.max(Math.floor(value), 0), size - 1);

function send(x, y, device) {
  trigger("place", { x, y, device });
}

function showAim() {
  const svg = picture();
  if (!svg || !aim) return;
  const cross = svg.querySelector(".aim");
  cross.setAttribute("transform", `translate(${aim.x + 0.5} ${aim.y + 0.5})`);
  cross.style.visibility = "visible";
}

element.addEventListener("click", (event) => {
  const svg = event.target.closest("svg.surface");
  if (!svg) return;
  const shown = svg.getBoundingClientRect();
  const { width, height } = svg.viewBox.baseVal;
  aim = null;
  send(
    clamp(((event.clientX - shown.left) / shown.width) * width, width),
    clamp(((event.clientY - shown.top) / shown.height) * height, height),
    event.pointerType === "touch" ? "mobile" : "pc",
  );
});

element.addEventListener("keydown", (event) => {
  const svg = event.target.closest("svg.surface");
  if (!svg) return;
  const { width, height } = svg.viewBox.baseVal;
  aim = aim || { x: Math.floor(width / 2), y: Math.floor(height / 2) };
  const step = event.shiftKey ? 20 : 2;
  const moves = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  if (event.key in moves) {
    aim.x = clamp(aim.x + moves[event.key][0], width);
    aim.y = clamp(aim.y + moves[event.key][1], height);
    showAim();
  } else if (event.key === "Enter" || event.key === " ") {
    byKeyboard = true;
    send(aim.x, aim.y, "pc");
  } else {
    return;
  }
  event.preventDefault();
});

// A new content takes the focus away from whoever clicks by keyboard.
watch("value", () => {
  if (!byKeyboard) return;
  byKeyboard = false;
  picture()?.focus({ preventScroll: true });
  showAim();
});
