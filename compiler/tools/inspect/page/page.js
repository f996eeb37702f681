// Puts the page together.

function drawSummary(host, model) {
  const tile = (value, text) => el("div", {class: "tile"}, el("b", {}, value), el("span", {}, text));
  const mono = text => el("span", {class: "mono"}, text);
  const tensors = list => table(list.map(tensor =>
    [tensor.name, mono(`${shapeText(tensor.shape)} ${tensor.type}`), bytesText(tensor.bytes)]));
  const operations = new Map();
  for (const kernel of model.kernels)
    for (const operation of kernel.operations) operations.set(operation, (operations.get(operation) || 0) + kernel.calls);
  const live = model.arena_lower_bound_bytes;
  const ratio = live ? ` (${(model.arena_bytes / live).toFixed(3)} of what is live at once)` : "";
  const threadsText = threads => `${threads} ${threads === "1" ? "thread" : "threads"}`;
  const workspaces = Object.entries(model.workspace_bytes).sort((a, b) => a[0] - b[0]);
  host.append(
    el("div", {class: "tiles"},
      tile(countText(model.parameters), "parameters"), tile(countText(model.macs), "multiply-adds a run"),
      tile(`${model.kernels.length}`, `kernels, called ${model.steps.length} times`),
      tile(`${sum(model.steps.map(step => step.nodes.length))}`, "ONNX nodes in these calls"),
      tile(bytesText(model.weights_bytes), "packed weights"), tile(bytesText(model.arena_bytes), "arena" + ratio)),
    el("div", {class: "columns"},
      el("div", {}, el("h3", {}, "Inputs"), tensors(model.inputs), el("h3", {}, "Outputs"), tensors(model.outputs),
        el("h3", {}, "Origin"), table([["target", model.target], ["math", model.math], ["compiler", model.compiler],
          ["model hash", mono(model.model_hash)]])),
      el("div", {}, el("h3", {}, "Operations in the kernels, times calls"),
        table([...operations].sort((a, b) => b[1] - a[1]))),
      el("div", {}, el("h3", {}, "Workspace"),
        table(workspaces.map(([threads, bytes]) => [threadsText(threads), bytesText(bytes)])),
        el("h3", {}, "Scratch in it"), table([["shared", bytesText(model.scratch_shared_bytes)],
          ["each thread", bytesText(model.scratch_worker_bytes)]]))));
}

function drawPage() {
  const model = data("manifest"), section = id => document.getElementById(id);
  document.title = `${model.name}: resc inspect`;
  document.querySelector("h1").append(model.name, el("small", {}, `${model.target}, ${model.math}`));
  drawSummary(section("summary"), model);
  drawGraph(section("graph"), model);
  drawMemory(section("memory"), model);
  drawKernels(section("kernels"), model);
  drawPasses(section("passes"));
  if (model.steps.length) selection.choose(0);
  // A link to a kernel opens it, from elsewhere too.
  const open = () => {
    const number = /^#kernel-(\d+)$/.exec(location.hash);
    if (number) openKernel(number[1]);
  };
  addEventListener("hashchange", open);
  open();
}
drawPage();
