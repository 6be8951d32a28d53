// The picture to click on: sends where, with what and after how long, once per picture.
let sent = null; // token of the picture that was clicked
let start = 0; // when the picture was complete, in milliseconds
let pointer = "mouse";
let byKeyboard = false; // the last click
let cross = null; // where the keyboard's cross is, in pixels of the picture

const find = (selector) => element.querySelector(selector);
const sizes = (frame) => [Number(frame.dataset.width), Number(frame.dataset.height)];

function begin() {
  const picture = find(".collect-frame img");
  cross = null;
  if (picture && byKeyboard) find(".collect-frame").focus({ preventScroll: true });
  start = performance.now();
  if (picture) picture.decode().then(() => { start = performance.now(); }, () => {});
}

function send(frame, x, y, device) {
  const token = frame.dataset.token;
  if (sent === token) return;
  sent = token;
  byKeyboard = device === "keyboard";
  setTimeout(() => { if (sent === token) sent = null; }, 10000); // where no answer comes
  frame.classList.add("is-sent");
  trigger("click", { token, x, y, pointer: device, ms: Math.round(performance.now() - start) });
}

function place(frame, x, y) {
  const [width, height] = sizes(frame);
  cross = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
  const mark = find(".collect-cross");
  mark.hidden = false;
  mark.style.left = `${(100 * (cross[0] + 0.5)) / width}%`;
  mark.style.top = `${(100 * (cross[1] + 0.5)) / height}%`;
  find(".collect-place").textContent = `Cross at ${cross[0]}, ${cross[1]}`;
}

element.addEventListener("pointerdown", (event) => { pointer = event.pointerType || "mouse"; });

element.addEventListener("click", (event) => {
  const frame = event.target.closest(".collect-frame");
  if (!frame || event.detail === 0) return; // a click that no pointer made
  const [width, height] = sizes(frame);
  const box = find(".collect-frame img").getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * height);
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  send(frame, x, y, event.pointerType || pointer);
});

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

element.addEventListener("keydown", (event) => {
  const frame = event.target.closest(".collect-frame");
  if (!frame) return;
  const [width, height] = sizes(frame);
  const step = STEPS[event.key];
  if (step) {
    const length = event.shiftKey ? 1 : Math.max(1, Math.round(Math.max(width, height) / 50));
    const [x, y] = cross || [Math.floor(width / 2), Math.floor(height / 2)];
    place(frame, x + step[0] * length, y + step[1] * length);
    event.preventDefault();
  } else if (event.key === "Enter" && cross) {
    send(frame, cross[0], cross[1], "keyboard");
    event.preventDefault();
  }
});

watch("value", begin);
begin();
