// The arena as time x address.

/** Whether a tensor takes the place of one that is read for the last time by the call that writes it. */
const overwrites = place => place.overwrites !== undefined;

/** Bytes that are live during each call; a place that two tensors share counts once. */
function liveBytes(model) {
  const live = new Array(model.steps.length).fill(0);
  for (const place of model.memory_map)
    for (let step = place.first_step + (overwrites(place) ? 1 : 0); step <= place.last_step; ++step)
      live[step] += place.bytes;
  return live;
}

function drawMemory(host, model) {
  const steps = model.steps.length, arena = model.arena_bytes, live = liveBytes(model);
  const peak = live.indexOf(Math.max(0, ...live));
  const left = 74, top = 24, height = 400, gap = 34, chart = 80, foot = 22;
  const column = Math.max(10, Math.min(40, 1180 / Math.max(1, steps)));
  const width = left + steps * column + 20;
  const x = step => left + step * column, y = address => top + height * (1 - address / Math.max(1, arena));
  const floor = top + height + gap + chart;
  const label = (atX, atY, content, attributes) => svg("text", {x: atX, y: atY, ...attributes}, content);

  const grid = [], tensors = [], bars = [];
  for (let part = 0; part <= 4; ++part) {
    const address = arena * part / 4;
    grid.push(svg("line", {class: "grid", x1: left, x2: x(steps), y1: y(address), y2: y(address)}),
      label(left - 6, y(address) + 4, bytesText(Math.round(address)), {class: "dim", "text-anchor": "end"}));
  }
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find(n => n * column >= 34) || 1000;
  for (let step = 0; step < steps; step += every)
    grid.push(label(x(step) + column / 2, floor + 15, String(step), {class: "dim", "text-anchor": "middle"}));

  model.memory_map.forEach((place, i) => {
    const first = place.first_step, last = place.last_step;
    const lines = [place.name, `${bytesText(place.bytes)} at address ${place.offset}`,
      `written by call ${first}, last read by call ${last}`];
    if (overwrites(place)) lines.push(`overwrites ${model.memory_map[place.overwrites].name}`);
    const box = {x: x(first), y: y(place.offset + place.bytes), width: (last - first + 1) * column,
      height: Math.max(1, height * place.bytes / Math.max(1, arena))};
    tensors.push(svg("rect", {class: "tensor", "data-step": first, style: `fill: var(--hue${i % 6})`, ...box,
      onclick: () => selection.choose(first), ...hover(lines)}));
    if (box.height > 14 && box.width > 22)
      tensors.push(label(box.x + 5, box.y + Math.min(box.height / 2 + 4, 16), String(first), {"pointer-events": "none"}));
  });
  live.forEach((bytes, step) => {
    const tall = chart * bytes / Math.max(1, arena);
    bars.push(svg("rect", {class: step === peak ? "live most" : "live", x: x(step) + 1, y: floor - tall,
      width: column - 2, height: tall, onclick: () => selection.choose(step),
      ...hover([`call ${step}: ${model.steps[step].node}`, `${bytesText(bytes)} live`])}));
  });
  const chosen = svg("rect", {class: "column", y: top, width: column, height: floor - top});
  const drawing = svg("svg", {width, height: floor + foot, role: "group", "aria-label": "memory over time"}, grid, tensors,
    label(left, top + height + gap - 8, "live bytes", {class: "dim"}), bars,
    svg("line", {class: "limit", x1: left, x2: x(steps), y1: floor - chart, y2: floor - chart}), chosen);
  if (steps) {
    const middle = x(peak) + column / 2, after = middle < width - 330;
    const text = `most is live in call ${peak}: ${bytesText(live[peak])} of ${bytesText(arena)}`;
    drawing.append(svg("line", {class: "limit", x1: middle, x2: middle, y1: top - 6, y2: floor}),
      label(middle + (after ? 4 : -4), top - 10, text, {class: "mark", "text-anchor": after ? "start" : "end"}));
  }
  host.append(el("div", {class: "scroll", style: "padding: .5rem"}, drawing));
  selection.listeners.push(step => {
    chosen.setAttribute("x", x(step));
    for (const tensor of drawing.querySelectorAll(".tensor"))
      tensor.classList.toggle("selected", Number(tensor.dataset.step) === step);
  });
}
