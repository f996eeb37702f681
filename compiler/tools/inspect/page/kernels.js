// Kernels with schedule, loops and assembly; a text is parsed and shown when it is asked for.

function showTexts(body, kernel, ids) {
  const kinds = [["statement", "Loops (Halide)", ids.statements[kernel.name]],
    ["assembly", "Assembly", ids.assemblies[kernel.name]]];
  const buttons = [], view = el("div", {});
  const show = (button, id) => {
    const other = button.getAttribute("aria-pressed") !== "true";
    buttons.forEach(one => one.setAttribute("aria-pressed", String(other && one === button)));
    // Halide puts the kernel's name in front of every other name.
    const text = () => data(id).replaceAll(kernel.name + "_", "");
    view.replaceChildren(...other ? [el("pre", {class: "plain", tabindex: 0}, text())] : []);
  };
  for (const [kind, title, id] of kinds)
    if (id !== undefined) {
      const button = el("button", {"data-kind": kind, "aria-pressed": "false", onclick: () => show(button, id)}, title);
      buttons.push(button);
    }
  body.append(el("div", {class: "tabs"}, buttons.length ? buttons : el("span", {class: "dim"}, WITHOUT_DUMP)), view);
}

function openKernel(index) {
  const entry = document.getElementById("kernel-" + index);
  if (entry) entry.open = true;
}

function fillKernel(body, model, index, ids) {
  const kernel = model.kernels[index];
  const calls = model.steps.flatMap((step, i) => step.kernel === index ? [i] : []);
  body.append(table([
    ["operations", kernel.operations.join(" + ")],
    ["schedule", el("code", {}, kernel.schedule || "none")],
    ["inputs", kernel.inputs.map(type => el("div", {class: "mono"}, type))],
    ["outputs", kernel.outputs.map(type => el("div", {class: "mono"}, type))],
    ["scratch", `${bytesText(kernel.scratch[0])} shared, ${bytesText(kernel.scratch[1])} for each thread`],
    ["MACs", kernel.macs ? `${countText(kernel.macs)} in each call` : "none"],
    ["called by", calls.map(step => el("div", {}, stepLink(model, step)))],
  ]));
  showTexts(body, kernel, ids);
}

function drawKernels(host, model) {
  const ids = {statements: data("statements"), assemblies: data("assemblies")};
  const entries = model.kernels.map((kernel, index) => {
    const macs = kernel.macs * kernel.calls, share = model.macs ? macs / model.macs : 0;
    const entry = el("details", {id: "kernel-" + index, ontoggle: () => {
      if (entry.open && entry.children.length === 1) {
        const body = el("div", {class: "body"});
        entry.append(body);
        fillKernel(body, model, index, ids);
      }
    }}, el("summary", {},
      el("span", {class: "dim number"}, String(index)), el("span", {class: "name"}, kernel.name),
      el("span", {class: "number"}, `${kernel.calls} ${kernel.calls === 1 ? "call" : "calls"}`),
      el("span", {class: "number"}, macs ? countText(macs) + " MACs" : ""),
      el("span", {class: "number share"}, el("i", {style: `width: ${100 * share}%`}), macs ? percentText(share) : "")));
    return {entry, macs};
  });
  const list = el("div", {});
  const order = (button, sorted) => {
    [first, weight].forEach(one => one.setAttribute("aria-pressed", String(one === button)));
    list.replaceChildren(...sorted.map(({entry}) => entry));
  };
  const first = el("button", {onclick: () => order(first, entries)}, "in order of the first call");
  const weight = el("button", {onclick: () => order(weight, [...entries].sort((a, b) => b.macs - a.macs))}, "by multiply-adds");
  host.append(el("div", {class: "tabs"}, first, weight), list);
  order(first, entries);
}
