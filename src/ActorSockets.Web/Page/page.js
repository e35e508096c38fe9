// The live page: asks for the overview once a second, and reads events as they happen. Texts of peers become text nodes only.

const refreshMs = 1000, answerMs = 10000, history = 60, pageSize = 100, keptEvents = 200;
const sizes = ["B", "KiB", "MiB", "GiB", "TiB"];
const byId = id => document.getElementById(id);

const rates = new Map();     // the last rates of each target, of all, and of servers
const targetRows = new Map();
const serverRows = new Map();
const nodeRows = new Map();
const open = new Set();      // targets whose details are shown
let shown = pageSize, overview, lastEvent = 0, paused = false, lateSince, reading = false;

// ---- texts

const printable = text => String(text ?? "").replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, c => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));

function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < sizes.length - 1) { bytes /= 1024; unit++; }
  return `${unit === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${sizes[unit]}`;
}

function duration(ms) {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60 % 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600 % 24)} h`;
}

const rate = bytes => bytes < 1 ? "" : `${size(bytes)}/s`;
const exact = bytes => `${bytes.toLocaleString("en")} B`;
const words = phase => phase.replace("-", " ");
const sum = counts => Object.values(counts).reduce((a, b) => a + b, 0);
const counts = of => Object.entries(of).map(([kind, count]) => `${count} ${words(kind)}`).join(", ");

// ---- elements

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Cells that say on a phone what they are: the table has no head there. */
function labelled(labels) {
  return labels.map(label => {
    const cell = element("td");
    if (label) cell.dataset.label = label;
    return cell;
  });
}

function remember(key, value) {
  const values = rates.get(key) ?? [];
  values.push(value);
  if (values.length > history) values.shift();
  rates.set(key, values);
  return values;
}

function spark() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", `0 0 ${history - 1} 18`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "polyline"));
  return svg;
}

function draw(svg, values) {
  const most = Math.max(...values);
  svg.style.visibility = most < 1 ? "hidden" : "";
  const points = values.map((v, i) => `${history - values.length + i},${most < 1 ? 17 : (17 - 16 * v / most).toFixed(1)}`);
  svg.firstChild.setAttribute("points", points.join(" "));
}

function rateOf(id, values) {
  const cell = byId(id);
  if (!cell.firstChild) cell.append(element("span"), spark());
  write(cell.firstChild, rate(values.at(-1)) || "0 B/s");
  draw(cell.lastChild, values);
}

// ---- targets

function targetRow(name) {
  const cells = labelled(["", "State", "Progress", "Rate", "Waiting", "Sent", "Last error"]);
  const [who, state, progress, speed, waiting, sent, error] = cells;
  waiting.className = sent.className = "number";
  const row = element("tr", {}, ...cells);
  const details = element("tr", { className: "details", hidden: true }, element("td", { colSpan: cells.length }));
  const button = element("button", { className: "name", type: "button", textContent: name });
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    open.has(name) ? open.delete(name) : open.add(name);
    render();
  });
  const endpoint = element("bdi", { className: "endpoint" });
  who.append(button, endpoint);
  const [word, since] = [element("span"), element("span", { className: "since" })];
  state.append(word, since);
  const [bar, percent] = [element("progress", { max: 1 }), element("span", { className: "number" })];
  bar.setAttribute("aria-label", `progress of ${name}`);
  progress.append(bar, " ", percent);
  const [figure, line] = [element("span", { className: "number" }), spark()];
  speed.append(figure, line);
  const [reason, ago] = [element("bdi"), element("span", { className: "ago" })];
  error.className = "error";
  error.append(reason, " ", ago);
  return { row, details, button, endpoint, state, word, since, progress, bar, percent, speed, figure, line, waiting, sent, error, reason, ago };
}

function showTarget(parts, target) {
  const trouble = target.inTrouble, retries = ["blocked", "backing-off"].includes(target.phase);
  const className = trouble ? (retries ? "trouble retries" : "trouble") : "";
  if (parts.row.className !== className) parts.row.className = className;
  write(parts.endpoint, target.endpoint);
  parts.endpoint.title = target.endpoint;
  if (parts.state.className !== `state ${target.phase}`) parts.state.className = `state ${target.phase}`;
  write(parts.word, words(target.phase));
  write(parts.since, since(target));
  const underWay = target.length > 0;
  parts.progress.classList.toggle("blank", !underWay);
  parts.bar.hidden = !underWay;
  if (underWay) parts.bar.value = target.taken / target.length;
  write(parts.percent, underWay ? `${Math.floor(100 * target.taken / target.length)} % of ${size(target.length)}` : "");
  write(parts.figure, rate(target.rate));
  parts.speed.classList.toggle("blank", target.rate < 1);
  draw(parts.line, rates.get(`target ${target.name}`));
  write(parts.waiting, target.waiting ? target.waiting.toLocaleString("en") : "");
  write(parts.sent, size(target.totals.bytes));
  parts.sent.title = exact(target.totals.bytes);
  parts.sent.dataset.bytes = target.totals.bytes;
  const failure = target.lastFailure;
  parts.error.classList.toggle("blank", !failure);
  write(parts.reason, failure ? printable(failure.reason) : "");
  write(parts.ago, failure ? `${duration(failure.agoMs)} ago` : "");
  const isOpen = open.has(target.name);
  parts.button.setAttribute("aria-expanded", isOpen);
  parts.details.hidden = !isOpen;
  if (isOpen) showDetails(parts.details.firstChild, target);
}

function since(target) {
  if (target.phase === "backing-off") return `attempt ${target.attempt} failed, next in ${duration(target.sinceMs)}`;
  if (["delivered", "sent", "unconfirmed", "failed"].includes(target.phase)) return `after ${duration(target.sinceMs)}`;
  if (["blocked", "connecting", "confirming"].includes(target.phase)) return `for ${duration(target.sinceMs)}`;
  return target.phase === "sending" && target.rate >= 1 && target.length > 0 ? `${duration(1000 * (target.length - target.taken) / target.rate)} left` : "";
}

function showDetails(cell, target) {
  const totals = target.totals;
  const figures = {
    "In trouble": target.inTrouble ? `for ${duration(target.troubleMs)}` : "no",
    Delivery: printable(target.delivery), Attempt: target.attempt, Taken: exact(target.taken),
    Delivered: totals.delivered, Sent: totals.sent, Unconfirmed: totals.unconfirmed,
    Failed: counts(totals.failed) || 0, Rejected: totals.rejected,
    Attempts: totals.attempts, "Failed attempts": counts(totals.attemptsFailed) || 0,
    "Blocked for": duration(totals.blockedMs), "Bytes sent": exact(totals.bytes),
  };
  if (!cell.firstChild) {
    const [retry, cancel] = [["Retry now", "retry"], ["Cancel delivery", "cancel"]].map(([textContent, className]) => element("button", { type: "button", textContent, className }));
    retry.addEventListener("click", () => change("api/retry", { target: retry.dataset.target }, retry));
    cancel.addEventListener("click", () => change("api/cancel", { target: cancel.dataset.target, id: cancel.dataset.id }, cancel));
    cell.append(element("dl", {}, ...Object.keys(figures).map(f => element("div", {}, element("dt", { textContent: f }), element("dd")))), retry, cancel);
  }
  Object.values(figures).forEach((value, i) => write(cell.firstChild.children[i].lastChild, String(value)));
  const [retry, cancel] = cell.querySelectorAll("button");
  retry.hidden = !overview.allowChanges || target.phase !== "backing-off";
  cancel.hidden = !overview.allowChanges || !["connecting", "sending", "blocked", "backing-off", "confirming"].includes(target.phase);
  [retry.dataset.target, cancel.dataset.target, cancel.dataset.id] = [target.name, target.name, target.delivery];
}

async function change(path, what, button) {
  button.disabled = true;
  try {
    const answer = await ask(path, { method: "POST", headers: { "X-ActorSockets": "1", "Content-Type": "application/json" }, body: JSON.stringify(what) });
    if (!answer.ok) alert(await answer.text());
  } catch (e) {
    alert(`The server did not answer: ${e.message}`);
  } finally {
    button.disabled = false;
  }
}

// ---- servers

function serverRow(name) {
  const cells = labelled(["", "State", "Open", "Rate", "Received", "Completed", "Broken off", "Refused"]);
  cells.slice(1).forEach(cell => cell.className = "number");
  const [endpoint, word, reason, figure, line] = [element("bdi", { className: "endpoint" }), element("span"), element("bdi", { className: "since" }), element("span"), spark()];
  cells[0].append(element("b", { textContent: name }), endpoint);
  cells[1].append(word, reason);
  cells[3].append(figure, line);
  return { row: element("tr", {}, ...cells), cells, endpoint, word, reason, figure, line };
}

function showServer(parts, server) {
  const [, state, active, , received, completed, brokenOff, refused] = parts.cells;
  parts.row.className = ["lost", "failed"].includes(server.phase) ? "trouble" : "";
  write(parts.endpoint, server.endpoint);
  state.className = `state ${server.phase}`;
  write(parts.word, server.phase);
  write(parts.reason, printable(server.reason));
  write(active, String(server.open));
  write(parts.figure, rate(server.rate));
  draw(parts.line, rates.get(`server ${server.name}`));
  write(received, size(server.bytes));
  received.title = exact(server.bytes);
  received.dataset.bytes = server.bytes;
  write(completed, String(server.completed + server.receiptsLost));
  write(brokenOff, String(server.brokenOff));
  write(refused, sum(server.refused) ? counts(server.refused) : "0");
}

// ---- nodes

function nodeRow(name) {
  const cells = labelled(["", "State", "Targets", "Roles"]);
  cells[0].append(element("b", { textContent: name }), element("span", { className: "since" }));
  return { row: element("tr", {}, ...cells), cells };
}

function showNode({ row, cells: [who, state, targets, roles] }, node) {
  row.className = node.state === "unreachable" ? "trouble" : "";
  write(who.lastChild, node.isSelf ? "this one" : "");
  state.className = "state";
  write(state, words(node.state));
  targets.className = "number";
  write(targets, String(node.targets ?? "unknown"));
  write(roles, node.roles.join(", "));
}

// ---- the whole

function render() {
  const { targets, servers, ticker } = overview, nodes = overview.cluster?.nodes ?? [], silent = nodes.filter(n => n.state === "unreachable");
  const troubled = targets.filter(t => t.inTrouble), down = servers.filter(s => ["lost", "failed"].includes(s.phase));
  const isWell = troubled.length === 0 && down.length === 0 && silent.length === 0;
  byId("verdict").className = isWell ? "" : "trouble";
  write(byId("health"), isWell ? (targets.length ? "All is well" : "Running") : [
    troubled.length ? `${troubled.length} of ${targets.length} target${targets.length === 1 ? "" : "s"} in trouble` : "",
    down.length ? `${down.length} server${down.length === 1 ? "" : "s"} down` : "",
    silent.length ? `${silent.length} of ${nodes.length} nodes unreachable` : ""].filter(Boolean).join(", "));
  document.title = `${isWell ? "" : `(${troubled.length + down.length + silent.length}) `}ActorSockets`;
  const phases = Map.groupBy(targets, t => t.phase);
  byId("phases").replaceChildren(...[...phases].map(([phase, those]) => element("li", { className: `state ${phase}`, textContent: `${those.length} ${words(phase)}` })));
  write(byId("about"), `up ${duration(overview.uptimeMs)}${overview.draining ? ", draining" : ""}`);
  rateOf("rate-out", rates.get("out"));
  rateOf("rate-in", rates.get("in"));
  byId("ticker").hidden = !ticker;
  if (ticker) write(byId("tick"), `${ticker.number.toLocaleString("en")}, late by ${duration(ticker.latenessMs)}, at most ${duration(ticker.latestMs)}`);

  const filter = byId("filter").value.trim().toLowerCase();
  const matches = item => !filter || `${item.name} ${item.endpoint} ${words(item.phase)} ${item.lastFailure?.reason ?? item.reason}`.toLowerCase().includes(filter);
  // Those in trouble first, the longest before the others.
  const wanted = [...troubled.sort((a, b) => b.troubleMs - a.troubleMs), ...targets.filter(t => !t.inTrouble)].filter(matches);
  place(byId("target-rows"), wanted.slice(0, shown).flatMap(t => {
    const parts = row(targetRows, t.name, targetRow);
    showTarget(parts, t);
    return [parts.row, parts.details];
  }));
  byId("targets").hidden = targets.length === 0;
  write(byId("targets-count"), filter ? `${wanted.length} of ${targets.length}` : String(targets.length));
  byId("more").hidden = wanted.length <= shown;
  write(byId("more"), `Show ${Math.min(pageSize, wanted.length - shown)} more of ${wanted.length - shown}`);
  place(byId("server-rows"), servers.filter(matches).map(s => {
    const parts = row(serverRows, s.name, serverRow);
    showServer(parts, s);
    return parts.row;
  }));
  byId("servers").hidden = servers.length === 0;
  write(byId("servers-count"), String(servers.length));
  place(byId("node-rows"), nodes.map(n => {
    const parts = row(nodeRows, n.name, nodeRow);
    showNode(parts, n);
    return parts.row;
  }));
  byId("cluster").hidden = !overview.cluster;
  write(byId("nodes-count"), String(nodes.length));
  for (const line of byId("event-rows").children) line.hidden = filter !== "" && !line.textContent.toLowerCase().includes(filter);
}

function row(rows, name, make) {
  if (!rows.has(name)) rows.set(name, make(name));
  return rows.get(name);
}

/** Only what is not in its place moves, so that the focus stays where it is. */
function place(parent, rows) {
  rows.forEach((row, i) => {
    if (parent.children[i] !== row) parent.insertBefore(row, parent.children[i] ?? null);
  });
  while (parent.children.length > rows.length) parent.lastChild.remove();
}

function forget(rows, present, kind) {
  const names = new Set(present.map(p => p.name));
  for (const name of rows.keys()) {
    if (names.has(name)) continue;
    rows.delete(name);
    rates.delete(`${kind} ${name}`);
  }
}

function take(answer) {
  overview = answer;
  forget(targetRows, overview.targets, "target");
  forget(serverRows, overview.servers, "server");
  forget(nodeRows, overview.cluster?.nodes ?? [], "node");
  for (const t of overview.targets) remember(`target ${t.name}`, t.rate);
  for (const s of overview.servers) remember(`server ${s.name}`, s.rate);
  remember("out", overview.targets.reduce((all, t) => all + t.rate, 0));
  remember("in", overview.servers.reduce((all, s) => all + s.rate, 0));
  byId("main").hidden = false;
  render();
}

// ---- events

const bad = new Set(["bind-failed", "listener-lost", "refused", "accept-failing", "broken-off", "receipt-lost", "cleaning-failed", "unconfirmed", "failed", "rejected"]);
const states = { "backing-off": "backing-off", blocked: "blocked", unblocked: "sending", delivered: "delivered", sent: "sent", bound: "listening", completed: "delivered" };

function showEvents(lines) {
  const list = byId("event-rows");
  for (const line of lines) {
    const { time, event, target, server, id, kind, ...rest } = line;
    const texts = Object.entries(rest).filter(([, v]) => v !== null && v !== "").map(([name, v]) => name === "report"
      ? `${v.length === null ? exact(v.taken) : `${exact(v.taken)} of ${exact(v.length)}`} in ${duration(v.elapsedMs)}, ${v.attempts} attempt${v.attempts === 1 ? "" : "s"}`
      : name === "reason" ? v : ["taken", "remaining", "length", "bytes"].includes(name) ? `${name} ${exact(v)}` : name.endsWith("Ms") ? `${name.slice(0, -2)} ${duration(v)}` : `${name} ${v}`);
    const state = bad.has(event) ? "failed" : states[event] ?? "";
    list.prepend(element("li", { title: id ? `delivery ${printable(id)}` : "" }, element("time", { dateTime: time, textContent: new Date(time).toLocaleTimeString("en-GB", { hour12: false }) }),
      element("b", { className: state, textContent: words(event) }), element("bdi", { textContent: printable(target ?? server) }), element("bdi", { textContent: printable(texts.join(", ")) })));
  }
  while (list.children.length > keptEvents) list.lastChild.remove();
}

/** Not an EventSource, which cannot send a token. */
async function readEvents() {
  if (reading || paused) return;
  reading = new AbortController();
  try {
    const answer = await ask("api/events", { headers: { "Last-Event-ID": String(lastEvent) }, signal: reading.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    let text = "";
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      const events = (text + part).split("\n\n");
      text = events.pop();
      const lines = events.map(e => e.split("\n")).filter(e => e.length === 2);
      if (lines.length) lastEvent = Number(lines.at(-1)[0].slice(4));
      showEvents(lines.slice(-keptEvents).map(([, data]) => JSON.parse(data.slice(6))));
    }
  } catch {
    // The next refresh that gets an answer reads on.
  } finally {
    reading = false;
  }
}

// ---- the server

function ask(path, options = {}) {
  const token = sessionStorage.getItem("token");
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  return fetch(path, { credentials: "omit", ...options, headers });
}

async function refresh() {
  try {
    const answer = await ask("api/overview", { signal: AbortSignal.timeout(answerMs) });
    byId("token").hidden = answer.status !== 401;
    if (answer.status === 401) return sessionStorage.removeItem("token");
    if (!answer.ok) throw new Error(await answer.text());
    take(await answer.json());
    lateSince = undefined;
    byId("offline").hidden = true;
    readEvents();
  } catch (e) {
    lateSince ??= Date.now();
    byId("offline").hidden = false;
    write(byId("offline"), `The program does not answer since ${new Date(lateSince).toLocaleTimeString("en-GB")} (${e.message}). What you see is old.`);
  }
}

async function run() {
  while (true) {
    // A page that nobody sees asks for nothing.
    if (document.hidden) await new Promise(seen => document.addEventListener("visibilitychange", seen, { once: true }));
    await refresh();
    await new Promise(later => setTimeout(later, refreshMs));
  }
}

byId("filter").addEventListener("input", () => { shown = pageSize; if (overview) render(); });
byId("more").addEventListener("click", () => { shown += pageSize; render(); });
byId("pause").addEventListener("click", e => {
  paused = !paused;
  e.target.setAttribute("aria-pressed", paused);
  write(e.target, paused ? "Go on" : "Pause");
  paused ? reading && reading.abort() : readEvents();
});
byId("token").addEventListener("submit", e => {
  e.preventDefault();
  sessionStorage.setItem("token", new FormData(e.target).get("token").trim());
  e.target.reset();
  refresh();
});
document.addEventListener("keydown", e => {
  if (e.key === "/" && !(e.target instanceof HTMLInputElement)) {
    e.preventDefault();
    byId("filter").focus();
  } else if (e.key === "Escape" && e.target === byId("filter")) {
    e.target.value = "";
    e.target.blur();
    render();
  }
});
run();
