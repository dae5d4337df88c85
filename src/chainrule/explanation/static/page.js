"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const short = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + "…";
// Numbers that are none stand out: here a NaN is born.
const tone = (kind, text) => /\b(nan|inf)\b/.test(text) ? kind + " bad" : kind;
const lineKey = at => at[0] + ":" + at[1];

// -- the statements, by number, in the order in which they end, and by line ---------------------------------------------

const statements = [];
const order = [];
const byLine = new Map();
const parents = new Map();

(function collect(entries, parent) {
  for (const entry of entries) {
    parents.set(entry, parent);
    if (entry.iterations) {
      for (const one of entry.iterations) {
        parents.set(one, entry);
        if (one.entries) collect(one.entries, one);
      }
    } else if (!entry.gap) {
      statements[entry.i] = entry;
      if (entry.entries) collect(entry.entries, entry);
      entry.place = order.length;
      order.push(entry);
      entry.active = entry.operands.some(operand => operand.c);
      const key = lineKey(entry.at);
      if (!byLine.has(key)) byLine.set(key, []);
      byLine.get(key).push(entry);
    }
  }
})(data.entries, null);

const backward = order.filter(statement => statement.active).reverse();
const TOTAL = order.length + 1 + backward.length;

// -- the head --------------------------------------------------------------------------------------------------------------

$("name").textContent = data.name;
$("result").textContent = data.result.t;
for (const input of data.inputs)
  if (input.g) $("gradients").append(el("div", {}, el("dt", {}, "∂" + data.name + "/∂" + input.name), el("dd", {}, input.g.t)));
if (data.hidden) $("gradients").append(el("div", {}, el("dt", {}, "and " + data.hidden + " more")));

// -- the sources --------------------------------------------------------------------------------------------------------------

const lines = new Map(); // "source:line" -> the element of the primal
const adjointOf = new Map(); // "source:line" -> elements of the adjoint, and of those the visits

function codeLine(parts, number) {
  const text = el("span", {});
  for (const [kind, part] of parts) text.append(kind ? el("span", { class: "t-" + kind }, part) : part);
  return el("div", { class: "line" }, el("i", {}, number ? String(number) : ""), el("span", { class: "heat" }), text);
}

function pointable(element, near) {
  element.setAttribute("tabindex", "0");
  for (const event of ["mouseenter", "focus", "click"]) element.addEventListener(event, near);
}

data.sources.forEach((source, n) => {
  const block = el("div", { class: "function" });
  if (data.sources.length > 1) block.append(el("p", {}, source.file));
  source.lines.forEach(([number, parts]) => {
    const line = codeLine(parts, number), key = n + ":" + number;
    lines.set(key, line);
    if (byLine.has(key)) pointable(line, () => point(key));
    block.append(line);
  });
  $("primal").append(block);
});

const adjoint = el("div", { class: "function" });
data.adjoint.lines.forEach(([number, parts]) => {
  const line = codeLine(parts, number), stem = data.adjoint.stems[number];
  if (stem) {
    const key = lineKey(stem);
    if (!adjointOf.has(key)) adjointOf.set(key, []);
    adjointOf.get(key).push(line);
    line.visit = stem[2];
    pointable(line, () => point(key, null, stem[2]));
  }
  adjoint.append(line);
});
$("adjoint").append(adjoint);

const logs = order.flatMap(s => s.values.map(v => v.g && v.g.log)).filter(log => log !== undefined && log !== null);
const low = Math.min(...logs), high = Math.max(...logs);
for (const [key, found] of byLine) {
  const mine = found.flatMap(s => s.values.map(v => v.g && v.g.log)).filter(log => log !== undefined && log !== null);
  const line = lines.get(key);
  if (mine.length && line) {
    const heat = line.querySelector(".heat"), most = Math.max(...mine);
    heat.style.opacity = high > low ? 0.15 + 0.85 * (most - low) / (high - low) : 1;
    heat.title = "norm of the gradient here: up to 10^" + most;
  }
}

// -- what is pointed at -----------------------------------------------------------------------------------------------------------

let nearBy = [];

function mark(name, elements) {
  for (const element of elements) if (element) element.classList.add(name);
  return elements;
}

// The lines of the adjoint that stem from a line: of one visit of the compiler, if that is known.
function counterparts(key, visit) {
  const found = adjointOf.get(key) || [], own = found.filter(line => line.visit === visit);
  return own.length ? own : found;
}

// The same for statements, of which some only call functions.
function stemsOf(found) {
  const inner = one => (one.entries || []).flatMap(entry => entry.iterations ? entry.iterations.flatMap(inner) : entry.gap ? [] : [entry, ...inner(entry)]);
  return [...new Set(found.flatMap(one => [one, ...inner(one)]).flatMap(one => counterparts(lineKey(one.at), one.visit)))];
}

function point(key, statement = null, visit = statement ? statement.visit : null) {
  for (const element of nearBy) if (element) element.classList.remove("near");
  const all = byLine.get(key) || [], visited = all.filter(one => one.visit === visit);
  const found = statement ? [statement] : visited.length ? visited : all;
  const stems = visit === null || statement ? stemsOf(found) : counterparts(key, visit);
  nearBy = mark("near", [lines.get(key), ...(stems.length ? stems : counterparts(key, visit)), statement && rows.get(statement)]);
  detail(found, key);
  for (const node of graphNodes) node.element.classList.toggle("dimmed", found.length > 0 && node.s >= 0 && !found.includes(statements[node.s]));
  for (const edge of graphEdges) edge.element.classList.toggle("dimmed", found.length > 0 && ![edge.a, edge.b].some(n => data.graph.nodes[n].s >= 0 && found.includes(statements[data.graph.nodes[n].s])));
}

function figures(value) {
  if (!value) return "";
  if (value.min === undefined) return value.t;
  const text = value.t.startsWith("[") ? value.t + "  " : "";
  return text + "mean " + value.mean + ", from " + value.min + " to " + value.max + ", norm " + value.norm;
}

function kind(value) {
  return [value && value.dtype, value && value.shape].filter(Boolean).join(" ");
}

function valuesTable(values) {
  const table = el("table", {}, el("tr", {}, ...["", "type", "value", "cotangent"].map(head => el("th", {}, head))));
  for (const value of values)
    table.append(el("tr", {}, el("td", { class: "name", title: value.name }, value.name || "result"), el("td", { class: "dim" }, kind(value.v)),
      el("td", { class: tone("fwd", figures(value.v)) }, figures(value.v)), el("td", { class: tone("bwd", figures(value.g)) }, figures(value.g) || "–")));
  return el("div", { class: "scroll" }, table);
}

function operandsTable(operands) {
  // Columns that hold nothing are left out.
  const columns = [["operand", "name", o => o.name], ["value", "fwd", o => o.v.t], ["passed on", "", o => o.rule || ""],
    ["local derivative", "", o => o.d ? o.d.t : ""], ["contribution", "bwd", o => o.c ? figures(o.c) : "–"]].filter(([, , text]) => operands.some(o => text(o)));
  const table = el("table", {}, el("tr", {}, ...columns.map(([head]) => el("th", {}, head))));
  for (const operand of operands) table.append(el("tr", {}, ...columns.map(([, kind, text]) => el("td", { class: tone(kind, text(operand)), title: kind === "name" ? operand.name : null }, text(operand)))));
  return el("div", { class: "scroll" }, table);
}

function parts(statement, constants) {
  const found = [];
  if (statement.values.length) found.push(valuesTable(statement.values));
  const operands = statement.operands.filter(operand => constants || operand.c);
  if (operands.length) found.push(operandsTable(operands));
  if (statement.hidden) found.push(el("p", { class: "dim" }, statement.hidden + " more operations before these"));
  for (const operation of statement.operations || [])
    found.push(el("h4", {}, operation.text + " = ", el("span", { class: "fwd" }, operation.v.t), "   g = ", el("span", { class: "bwd" }, operation.g ? operation.g.t : "–")), operandsTable(operation.operands));
  return found;
}

function detail(found, key) {
  const box = $("detail");
  box.replaceChildren();
  if (!found.length) {
    box.append(el("p", { class: "hint" }, "Point at a line, a value or a step: its values and shapes appear here, and its counterpart in the other text lights up."));
    return;
  }
  const shown = found.length <= 3 ? found : [found[0], found[1], found[found.length - 1]];
  const line = found[0].at[1];
  box.append(el("h3", {}, found[0].text + "  ", el("small", {}, (line ? "line " + line : "") + (found.length > 1 ? ", executed " + found.length + " times" : ""))));
  shown.forEach((statement, n) => {
    if (found.length > 1) box.append(el("p", { class: "hint" }, n === shown.length - 1 && found.length > 3 ? "… the last time" : iterationsOf(statement) || "time " + (n + 1)));
    box.append(...parts(statement, false));
  });
}

function iterationsOf(statement) {
  const found = [];
  for (let at = parents.get(statement); at; at = parents.get(at)) if (at.n !== undefined) found.unshift(at.n);
  return found.length ? "iteration " + found.join(", ") : "";
}

// -- the graph ------------------------------------------------------------------------------------------------------------------------

const graphNodes = [], graphEdges = [];
(function drawGraph() {
  const graph = data.graph, [wide, tall] = graph.box;
  if (!graph.nodes.length) {
    $("graph").append(el("p", { class: "dim" }, "no derivative flows here"));
    return;
  }
  const drawing = svg("svg", { width: graph.width, height: graph.height, viewBox: `0 0 ${graph.width} ${graph.height}`, role: "img" });
  for (const edge of graph.edges) {
    const path = svg("path", { class: "edge" + (edge.n === "0" ? " none" : ""), d: edge.d, "stroke-width": edge.w });
    path.append(svg("title", {}, graph.nodes[edge.b].label + " → " + graph.nodes[edge.a].label + ": norm " + edge.n));
    drawing.append(path);
    graphEdges.push({ ...edge, element: path });
  }
  graph.nodes.forEach((node, n) => {
    const group = svg("g", { class: "node " + node.kind, transform: `translate(${node.x - wide / 2} ${node.y - tall / 2})` },
      svg("rect", { width: wide, height: tall }), svg("text", { x: wide / 2, y: node.v ? 18 : 26 }, short(node.label, 19)));
    const sub = svg("text", { class: "sub", x: wide / 2, y: 34 }, short(node.vb || "", 23));
    if (node.v) group.append(sub);
    group.append(svg("title", {}, node.label + (node.v ? "\nvalue " + node.v + "\ncotangent " + node.g : "")));
    drawing.append(group);
    if (node.s >= 0) group.addEventListener("mouseenter", () => point(lineKey(statements[node.s].at), statements[node.s]));
    if (node.s >= 0) group.addEventListener("click", () => point(lineKey(statements[node.s].at), statements[node.s]));
    graphNodes.push({ ...node, element: group, sub });
  });
  drawing.addEventListener("mouseleave", () => { for (const item of [...graphNodes, ...graphEdges]) item.element.classList.remove("dimmed"); });
  $("graph").append(drawing);
  $("graph").scrollLeft = Math.max(0, (graph.width - $("graph").clientWidth) / 2);
  // When a node is reached on the way forward; what stands for several iterations comes after what it is made of.
  graphNodes.forEach((node, n) => {
    const before = graphEdges.filter(edge => edge.b === n && edge.a < n).map(edge => graphNodes[edge.a].place);
    node.place = node.s >= 0 ? statements[node.s].place : node.kind === "input" ? -1 : Math.max(-1, ...before) + 0.5;
  });
})();

// -- the flow ----------------------------------------------------------------------------------------------------------------------------

(function drawFlow() {
  if (!data.flow.length) return;
  const colours = ["#d1571f", "#2f74c9", "#3c9a55", "#a657b8", "#b98a1a", "#2b9aa0"];
  const found = data.flow.filter(one => one.count > 1).slice(0, 6), all = found.flatMap(one => one.logs).filter(log => log !== null);
  if (!all.length) return;
  let least = Math.floor(Math.min(...all)), most = Math.ceil(Math.max(...all));
  if (least === most) { least -= 1; most += 1; }
  const wide = 520, tall = 170, left = 44, base = tall - 24, longest = Math.max(...found.map(one => one.count));
  const x = at => left + (wide - left - 10) * (longest > 1 ? at / (longest - 1) : 0.5), y = log => base - (base - 10) * (log - least) / (most - least);
  const drawing = svg("svg", { viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": "norm of the gradient at each execution" });
  const each = Math.max(1, Math.ceil((most - least) / 5));
  for (let log = least; log <= most; log += each)
    drawing.append(svg("path", { d: `M${left} ${y(log)}H${wide - 8}`, style: "stroke:var(--rule);stroke-width:1" }), svg("text", { x: left - 6, y: y(log) + 4, "text-anchor": "end" }, log === 0 ? "1" : "1e" + log));
  drawing.append(svg("text", { x: left, y: tall - 6 }, "first execution"), svg("text", { x: wide - 8, y: tall - 6, "text-anchor": "end" }, "last (" + longest + ")"));
  const legend = el("div", { class: "legend" });
  found.forEach((one, n) => {
    const points = one.at.map((at, k) => [at, one.logs[k]]).filter(([, log]) => log !== null);
    drawing.append(svg("path", { d: points.map(([at, log], k) => (k ? "L" : "M") + x(at).toFixed(1) + " " + y(log).toFixed(1)).join(""), style: "stroke:" + colours[n] }));
    if (points.length <= 40) for (const [at, log] of points) drawing.append(svg("circle", { cx: x(at).toFixed(1), cy: y(log).toFixed(1), r: 2.6, style: "fill:" + colours[n] }));
    legend.append(el("span", { style: "border-bottom:2px solid " + colours[n] }, el("b", {}, one.name), " line " + one.line));
  });
  $("flow").append(el("h2", {}, "flow of the gradient ", el("small", {}, "norm with respect to each value, execution by execution")), drawing, legend);
})();

// -- the steps ----------------------------------------------------------------------------------------------------------------------------

const rows = new Map(), opened = new Map(); // by entry: its row, and what opens it

function expandable(row, entry, make, open) {
  const sign = row.querySelector(".mark");
  let inner = null;
  const set = on => {
    if (on && !inner) row.after(inner = make());
    if (inner) inner.hidden = !on;
    sign.textContent = on ? "▾" : "▸";
    row.setAttribute("aria-expanded", String(on));
  };
  const flip = () => set(!(inner && !inner.hidden));
  Object.entries({ role: "button", tabindex: "0" }).forEach(([name, value]) => row.setAttribute(name, value));
  row.addEventListener("click", flip);
  row.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); flip(); } });
  opened.set(entry, () => set(true));
  set(open);
}

function row(kind, line, what, value, cotangent) {
  return el("div", { class: "row " + kind }, el("span", { class: "no" }, line ? String(line) : ""), el("span", { class: "what" }, el("span", { class: "mark" }), what),
    el("span", { class: tone("fwd", value) }, value), el("span", { class: tone("bwd", cotangent) }, cotangent));
}

function block(entries) {
  const inner = el("div", { class: "inner" });
  fill(inner, entries);
  return inner;
}

function fill(box, entries) {
  for (const entry of entries) {
    if (entry.gap) box.append(row("gap", 0, "… " + entry.gap, "", ""));
    else if (entry.iterations) loopRow(box, entry);
    else statementRow(box, entry);
  }
}

// The last statement of an iteration that a derivative goes through.
function lastOf(entries) {
  for (const entry of [...entries].reverse()) {
    const found = entry.iterations ? entry.iterations.filter(one => one.entries).reverse().map(one => lastOf(one.entries)).find(Boolean) : !entry.gap && entry.active ? entry : null;
    if (found) return found;
  }
  return null;
}

function loopRow(box, loop) {
  const one = row("loop", loop.at[1], loop.loop, loop.count + (loop.count === 1 ? " iteration" : " iterations"), "");
  box.append(one);
  rows.set(loop, one);
  expandable(one, loop, () => {
    const inner = el("div", { class: "inner" });
    for (const iteration of loop.iterations) {
      if (iteration.gap) { inner.append(row("gap", 0, "… " + iteration.gap, "", "")); continue; }
      const last = lastOf(iteration.entries), main = last && (last.values.find(value => value.g) || last.values[0]);
      const head = row("iteration", 0, "iteration " + iteration.n, main ? short(main.name, 12) + " " + main.v.t : "", main && main.g ? main.g.t : "");
      inner.append(head);
      rows.set(iteration, head);
      expandable(head, iteration, () => block(iteration.entries), order.length <= 30);
    }
    return inner;
  }, true);
}

function statementRow(box, statement) {
  const main = statement.values.find(value => value.g) || statement.values[0];
  const one = row(statement.active ? "statement" : "inactive", statement.at[1], statement.text, main ? main.v.t : "", main && main.g ? main.g.t : "");
  box.append(one);
  rows.set(statement, one);
  one.addEventListener("mouseenter", () => point(lineKey(statement.at), statement));
  one.addEventListener("focus", () => point(lineKey(statement.at), statement));
  expandable(one, statement, () => {
    const inner = el("div", {}, el("div", { class: "parts" }, ...parts(statement, true)));
    if (statement.entries) inner.append(block(statement.entries));
    return inner;
  }, false);
}

$("steps").append(row("head", 0, "statement", "value", "cotangent"));
$("steps").firstChild.firstChild.textContent = "line";
fill($("steps"), data.entries);

// -- step by step ----------------------------------------------------------------------------------------------------------------------

const slider = $("step");
slider.max = TOTAL;
let marked = [], timer = null;

function keepInView(element, box) {
  if (!element || !box) return;
  const outer = box.getBoundingClientRect(), inner = element.getBoundingClientRect();
  if (inner.top < outer.top + 30) box.scrollTop += inner.top - outer.top - 40;
  else if (inner.bottom > outer.bottom - 10) box.scrollTop += inner.bottom - outer.bottom + 30;
}

function go(step, quiet = false) {
  step = Math.max(0, Math.min(TOTAL, step));
  slider.value = step;
  const forwards = step <= order.length, atResult = step === order.length + 1, back = step - order.length - 1;
  const statement = step === 0 ? null : forwards ? order[step - 1] : atResult ? null : backward[back - 1];
  const reached = forwards ? step - 1 : order.length, pulled = forwards || atResult ? Infinity : statement.place;
  document.body.classList.toggle("backward-now", !forwards);
  document.querySelector("nav").classList.toggle("backward", !forwards);
  for (const element of marked) element.classList.remove("now");
  marked = [];

  // beside each line that has been reached: its value, or on the way back its cotangent
  for (const element of document.querySelectorAll(".line .after")) element.remove();
  const beside = new Map();
  for (const one of forwards ? order.slice(0, step) : order) beside.set(lineKey(one.at), [one, false]);
  if (!forwards) for (const one of backward.slice(0, Math.max(back, 0))) beside.set(lineKey(one.at), [one, true]);
  for (const [key, [one, isBack]] of beside) {
    const main = one.values.find(value => value.g) || one.values[0], line = lines.get(key);
    if (!line || !main) continue;
    if (isBack && main.g) line.append(el("span", { class: tone("after bwd", main.g.t) }, "← " + short(main.g.t, 40)));
    else if (forwards) line.append(el("span", { class: tone("after fwd", main.v.t) }, "→ " + short(main.v.t, 40)));
  }

  // the graph
  for (const node of graphNodes) {
    const done = node.place <= reached, isBack = node.kind === "input" ? graphEdges.filter(edge => graphNodes[edge.a] === node).every(edge => graphNodes[edge.b].place >= pulled) : node.place >= pulled;
    const returned = isBack || (atResult && node.kind === "result");
    node.element.classList.toggle("done", done && !returned);
    node.element.classList.toggle("back", returned);
    const now = statement && !quiet && node.s >= 0 && statements[node.s] === statement;
    node.element.classList.toggle("now", Boolean(now));
    node.sub.textContent = returned && node.gb ? (node.kind === "gap" ? "" : "g  " + node.gb) : done ? short(node.vb, 23) : "";
    if (now && !quiet) keepInView(node.element, $("graph"));
  }
  for (const edge of graphEdges) {
    const flowed = graphNodes[edge.b].place >= pulled;
    edge.element.classList.toggle("flowed", flowed);
    edge.element.classList.toggle("open", !flowed && graphNodes[edge.b].place <= reached);
    edge.element.style.display = flowed || graphNodes[edge.b].place <= reached ? "" : "none";
  }

  // the words
  const phase = $("phase"), say = (name, label, ...rest) => phase.replaceChildren(el("b", { class: "is-" + name }, label), ...rest);
  if (step === 0) say("forward", "start", "the arguments are given");
  else if (atResult) say("result", "result", el("code", {}, data.name + " = " + data.result.t), ", its cotangent is 1");
  else if (forwards) {
    const main = statement.values[0];
    say("forward", "forward " + step + "/" + order.length, el("code", {}, statement.text), main ? el("span", { class: "fwd" }, " → " + main.v.t) : "");
  } else {
    const given = statement.operands.filter(operand => operand.c).map(operand => operand.name + " gets " + operand.c.t);
    if (step === TOTAL && quiet) say("backward", "all " + TOTAL + " steps", "forward, the result, backward: drag, or press play");
    else say("backward", "backward " + back + "/" + backward.length, el("code", {}, statement.text), el("span", { class: "bwd" }, "  " + given.join(", ")));
  }

  if (statement && !quiet) {
    for (let at = parents.get(statement), up = []; ; at = parents.get(at)) {
      if (!at) { up.reverse().forEach(one => opened.has(one) && opened.get(one)()); break; }
      up.push(at);
    }
    const line = lines.get(lineKey(statement.at)), own = rows.get(statement), stems = stemsOf([statement]);
    marked = mark("now", [line, own, ...stems].filter(Boolean));
    keepInView(line, $("primal"));
    keepInView(own, $("steps"));
    if (stems.length) keepInView(forwards ? stems[0] : stems[stems.length - 1], $("adjoint"));
    detail([statement], lineKey(statement.at));
  }
}

function stop() {
  clearInterval(timer);
  timer = null;
  $("sign").setAttribute("d", "M4 2.5 13 8l-9 5.5z");
  $("play").title = "play";
}

$("play").addEventListener("click", () => {
  if (timer) return stop();
  if (Number(slider.value) >= TOTAL) go(0);
  $("sign").setAttribute("d", "M4 3h3v10H4zM9 3h3v10H9z");
  $("play").title = "pause";
  timer = setInterval(() => { go(Number(slider.value) + 1); if (Number(slider.value) >= TOTAL) stop(); }, Math.max(60, Math.min(700, 24000 / TOTAL)));
});
for (const [id, to] of [["first", () => 0], ["back", () => Number(slider.value) - 1], ["forth", () => Number(slider.value) + 1], ["last", () => TOTAL]])
  $(id).addEventListener("click", () => { stop(); go(to()); });
slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });

detail([], "");
go(TOTAL, true);
