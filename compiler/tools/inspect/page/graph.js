// The calls as rows, with their operations, and lines for what skips rows.

const ROW = 35, BOX = 25, HEADING = 28, NODE_LEFT = 14, NODE_WIDTH = 740, LANE = 12;

/** What a node's name begins with: its block, "layer1/layer1.0" of "/layer1/layer1.0/conv1/Conv" (which ends in layer
 *  and operator), "stage1.block1" of "stage1.block1.conv1". */
function groupOf(step) {
  const [separator, end] = step.node.includes("/") ? ["/", 2] : [".", 1];
  const parts = step.node.split(separator).filter(part => part);
  return parts.slice(0, Math.max(0, parts.length - end)).slice(0, 2).join(separator);
}

/** Rows from top to bottom: inputs, then a heading wherever the block changes, calls, outputs. */
function layOut(model) {
  const rows = [], place = new Map();
  let y = 8, group = "";
  model.inputs.forEach((input, i) => { place.set(-1 - i, y); rows.push({input, y}); y += ROW; });
  model.steps.forEach((step, i) => {
    const next = groupOf(step);
    if (next !== group && next) { rows.push({group: next, y}); y += HEADING; }
    group = next;
    place.set(i, y);
    rows.push({step, index: i, y});
    y += ROW;
  });
  model.outputs.forEach((output, i) => { rows.push({output, y}); place.set("output" + i, y); y += ROW; });
  return {rows, place, height: y + 8};
}

/** Lines beside the rows never touch: each takes the first lane that is free along its way. */
function assignLanes(edges) {
  const ends = [];
  edges.sort((a, b) => a.from - b.from || a.to - b.to);
  for (const edge of edges) {
    let lane = ends.findIndex(end => end <= edge.from);
    if (lane < 0) lane = ends.length;
    ends[lane] = edge.to;
    edge.lane = lane;
  }
  return ends.length;
}

/** The type of a tensor; blocked layouts are the kernel's business. */
const outputShape = kernel => plainShape(kernel.outputs[0] || "");

function nodeLabel(step) {
  const group = groupOf(step);
  const name = step.node.replace(/^\//, "");
  return group && name.startsWith(group) ? name.slice(group.length + 1) : name;
}

const clip = (text, length) => text.length > length ? text.slice(0, length - 1) + "…" : text;

function drawRow(model, row, most) {
  const middle = row.y + 17;
  const text = (x, content, attributes) => svg("text", {x, y: middle, ...attributes}, content);
  if (row.group) return text(NODE_LEFT + 34, row.group, {class: "group", y: row.y + 20});
  const frame = name => svg("rect", {class: name, x: NODE_LEFT, y: row.y, width: NODE_WIDTH, height: BOX, rx: 4});
  if (!row.step) {
    const tensor = row.input || row.output;
    return svg("g", {}, frame("frame"),
      text(NODE_LEFT + 34, `${row.input ? "input" : "output"} '${clip(tensor.name, 60)}'`, {class: "dim"}),
      text(NODE_LEFT + 560, shapeText(tensor.shape), {class: "dim"}));
  }
  const kernel = model.kernels[row.step.kernel];
  const share = most ? row.step.macs / most : 0;
  return svg("g", {class: "node", tabindex: row.index ? -1 : 0, role: "button", "data-step": row.index,
      "aria-label": `call ${row.index}, ${row.step.node}`, onclick: () => selection.choose(row.index),
      ...hover([row.step.node, ...row.step.nodes.slice(1).map(node => "+ " + node)])},
    frame("back"),
    svg("rect", {class: "bar", x: NODE_LEFT, y: row.y, width: NODE_WIDTH * share, height: BOX, rx: 4}),
    frame("frame"),
    text(NODE_LEFT + 26, String(row.index), {class: "dim", "text-anchor": "end"}),
    text(NODE_LEFT + 34, clip(kernel.operations.join(" + "), 34)),
    text(NODE_LEFT + 240, clip(nodeLabel(row.step), 48)),
    text(NODE_LEFT + 560, outputShape(kernel), {class: "dim"}),
    text(NODE_LEFT + NODE_WIDTH - 8, row.step.macs ? countText(row.step.macs) : "", {"text-anchor": "end"}));
}

function drawEdges(model, layout) {
  const short = [], long = [];
  const last = layout.rows.filter(row => !row.group).map(row => row.y);
  const add = (from, to, source, target) => {
    const near = last.indexOf(to) === last.indexOf(from) + 1;
    (near ? short : long).push({from, to, source, target});
  };
  const {place} = layout;
  model.steps.forEach((step, i) => step.reads.forEach(source => add(place.get(source), place.get(i), source, i)));
  model.outputs.forEach(({source}, i) => {
    if (source !== undefined) add(place.get(source), place.get("output" + i), source, -1);
  });
  const lanes = assignLanes(long);
  const edge = ({source, target}, d) =>
    svg("path", {class: "edge", "data-from": source, "data-to": target, d, "marker-end": "url(#arrow)"});
  const right = NODE_LEFT + NODE_WIDTH;
  const paths = short.map(line => edge(line, `M${NODE_LEFT + 17},${line.from + BOX}V${line.to - 1}`));
  for (const line of long) {
    const x = right + 14 + LANE * line.lane, top = line.from + 17, bottom = line.to + 7;
    const down = `M${right},${top}H${x - 5}Q${x},${top} ${x},${top + 5}V${bottom - 5}`;
    paths.push(edge(line, `${down}Q${x},${bottom} ${x - 5},${bottom}H${right + 2}`));
  }
  return {paths, width: right + 14 + LANE * lanes + 10};
}

function describeStep(model, index) {
  const step = model.steps[index], kernel = model.kernels[step.kernel];
  const readers = model.steps.flatMap((other, i) => other.reads.includes(index) ? [i] : []);
  const places = model.memory_map.filter(place => place.first_step === index);
  const placeText = place =>
    el("div", {}, `${bytesText(place.bytes)} at ${place.offset}, live until call ${place.last_step}`);
  const links = steps => steps.flatMap((one, i) => i ? [el("br"), stepLink(model, one)] : [stepLink(model, one)]);
  return [
    el("h3", {}, `Call ${index}: ${step.node}`),
    table([
      ["kernel", el("a", {href: "#kernel-" + step.kernel, onclick: () => openKernel(step.kernel)}, kernel.name)],
      ["schedule", el("code", {}, kernel.schedule || "none")],
      ["operands", kernel.inputs.map(type => el("div", {class: "mono"}, type))],
      ["results", kernel.outputs.map(type => el("div", {class: "mono"}, type))],
      ["MACs", step.macs ? `${countText(step.macs)} (${percentText(step.macs / model.macs)} of all)` : "none"],
      ["moves", bytesText(step.bytes) + (step.macs ? `, ${(2 * step.macs / step.bytes).toFixed(1)} FLOP/byte` : "")],
      ["arena", places.length ? places.map(placeText) : "writes a model output"],
      ["reads from", links(step.reads)],
      ["read by", readers.length ? links(readers) : "the caller"],
    ]),
    el("h3", {}, `Nodes computed in it (${step.nodes.length})`),
    el("ol", {}, step.nodes.map(node => el("li", {class: "mono"}, node))),
  ];
}

function drawGraph(host, model) {
  const layout = layOut(model);
  const {paths, width} = drawEdges(model, layout);
  const most = Math.max(0, ...model.steps.map(step => step.macs));
  const arrow = svg("marker", {id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8,
    markerUnits: "userSpaceOnUse", orient: "auto"}, svg("path", {class: "arrow", d: "M0,0L8,4L0,8z"}));
  const drawing = svg("svg", {width, height: layout.height, role: "group", "aria-label": "graph of calls"},
    svg("defs", {}, arrow), paths, layout.rows.map(row => drawRow(model, row, most)));
  const panel = el("div", {class: "details"});
  const scroll = el("div", {class: "scroll"}, drawing);
  host.append(el("div", {class: "split"}, scroll, panel));
  const nodes = [...drawing.querySelectorAll("[data-step]")];
  drawing.addEventListener("keydown", event => {
    const move = {ArrowDown: 1, ArrowUp: -1, Enter: 0, " ": 0}[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const at = Number(document.activeElement.dataset.step ?? selection.step);
    selection.choose(Math.min(nodes.length - 1, Math.max(0, at + move)));
    nodes[selection.step].focus();
  });
  selection.listeners.push((step, reveal) => {
    nodes.forEach((node, i) => {
      node.classList.toggle("selected", i === step);
      node.tabIndex = i === step ? 0 : -1;
    });
    for (const path of paths)
      path.classList.toggle("selected", Number(path.dataset.from) === step || Number(path.dataset.to) === step);
    panel.replaceChildren(...describeStep(model, step));
    if (reveal) {
      scroll.scrollTop = layout.place.get(step) - scroll.clientHeight / 2;
      host.scrollIntoView();
    }
  });
}
