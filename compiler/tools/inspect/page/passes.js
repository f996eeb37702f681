// What each pass changed. The differences come with the page; lines are shown when a pass is opened.

const CONTEXT = 3; // unchanged lines shown around a change

/** A run of unchanged lines: its ends, and what lies between behind a button. */
function unchanged(lines, from, to, atStart, atEnd) {
  const row = text => el("span", {class: "row"}, "  " + text);
  const head = atStart ? from : Math.min(to, from + CONTEXT), tail = atEnd ? to : Math.max(head, to - CONTEXT);
  if (tail - head < 3) return lines.slice(from, to).map(row);
  const fold = el("button", {class: "fold", onclick: () => fold.replaceWith(...lines.slice(head, tail).map(row))},
    `⋯ ${tail - head} unchanged lines`);
  return [...lines.slice(from, head).map(row), fold, ...lines.slice(tail, to).map(row)];
}

function showChanges(passes, index) {
  const before = data("pass-" + (index - 1)).split("\n"), after = data("pass-" + index).split("\n");
  const rows = [];
  let at = 0;
  for (const [oldBegin, oldEnd, newBegin, newEnd] of passes[index].hunks) {
    rows.push(...unchanged(after, at, newBegin, at === 0, false));
    rows.push(...before.slice(oldBegin, oldEnd).map(text => el("span", {class: "row removed"}, "- " + text)));
    rows.push(...after.slice(newBegin, newEnd).map(text => el("span", {class: "row added"}, "+ " + text)));
    at = newEnd;
  }
  rows.push(...unchanged(after, at, after.length, at === 0, true));
  return el("pre", {tabindex: 0}, rows);
}

function fillPass(body, passes, index) {
  const whole = () => el("pre", {class: "plain", tabindex: 0}, data("pass-" + index));
  if (!index) return body.append(whole());
  const view = el("div", {}), changes = el("button", {onclick: () => show(changes)}, "What it changed");
  const text = el("button", {onclick: () => show(text)}, "Whole text");
  const show = button => {
    [changes, text].forEach(one => one.setAttribute("aria-pressed", String(one === button)));
    view.replaceChildren(button === text ? whole() : showChanges(passes, index));
  };
  body.append(el("div", {class: "tabs"}, changes, text), view);
  show(changes);
}

function drawPasses(host) {
  const passes = data("passes");
  host.append(el("p", {class: "hint"}, passes.length
    ? "The IR after each pass that changed something, with ONNX nodes as remarks behind the lines. Lines that differ only "
      + "in the numbers of values count as unchanged; of two changed lines that look the same, the second reads what "
      + "another operation computes."
    : WITHOUT_DUMP));
  passes.forEach((pass, index) => {
    const entry = el("details", {ontoggle: () => {
      if (entry.open && entry.children.length === 1) {
        const body = el("div", {class: "body"});
        entry.append(body);
        fillPass(body, passes, index);
      }
    }}, el("summary", {}, el("span", {class: "name"}, pass.file), el("span", {class: "dim"}, pass.remark),
      el("span", {class: "number added-text"}, index ? "+" + pass.added : ""),
      el("span", {class: "number removed-text"}, index ? "−" + pass.removed : ""),
      el("span", {class: "number dim"}, `${pass.lines} lines`)));
    host.append(entry);
  });
}
