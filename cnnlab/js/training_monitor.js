import { board, dot, line } from "./canvas.js";
import { button, focusable, make, say } from "./controls.js";
import { begin, watchWidth } from "./kit.js";

const NAMES = ["epochs", "batches", "rows", "points", "running", "stop"];
const [TRAINING, VALIDATION] = ["#3d8fd1", "#e07b00"];
const HIGH = 200, LEFT = 46, BOTTOM = 34, TOP = 8, RIGHT = 10;  // CSS pixels of a chart and around its curves

const CSS = `
.cnnlab figure.chart { flex: 1 1 260px; max-width: 520px; }
.cnnlab .chart .key { font-weight: 400; }
.cnnlab .chart .key i { display: inline-block; width: 12px; height: 12px; border-radius: 6px; margin: 0 4px 0 10px; }
.cnnlab .head { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin: 0 0 8px; }
.cnnlab .head p { margin: 0; font-variant-numeric: tabular-nums; }
.cnnlab .epochs { max-height: 170px; overflow: auto; margin-top: 10px; }
.cnnlab .epochs table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0; font-size: 13px; }
.cnnlab .epochs :is(th, td) { text-align: right; padding: 1px 10px 1px 0; font-weight: 400; background: none; border: 0; }
.cnnlab .epochs th { font-weight: 600; }
`;

const loss = (v) => (v === null ? "none" : v.toFixed(4));
const share = (v) => (v === null ? "none" : `${(Math.floor(v * 1e4 + 0.5) / 100).toFixed(2)}%`);

// What is known of an epoch, or of the batches since the last look.
const words = (row) => [["", ""], ["val_", "validation "]].filter(([key]) => `${key}loss` in row)
  .map(([key, side]) => `${side}loss ${loss(row[`${key}loss`])}, accuracy ${share(row[`${key}accuracy`])}`).join(", ");

// The sentence of widgets.training_monitor.describe.
export function sentence({ epochs, batches, rows, running, stop }) {
  if (!epochs) return "Training monitor: for train.fit(..., progress=monitor)";
  if (!rows.length) return `Training monitor: ${epochs} epoch${epochs === 1 ? "" : "s"}${batches ? ` of ${batches} batches` : ""}`;
  return `Training monitor: epoch ${rows.at(-1).epoch} of ${epochs}${stop && !running ? ", stopped" : ""}: ${words(rows.at(-1))}`;
}

// The two curves of "loss" or "accuracy": training between the epochs, where it is known, and validation after each.
export function curves({ rows, points }, what) {
  const known = (curve) => curve.filter(([, v]) => v !== null && v !== undefined);
  const column = what === "loss" ? 1 : 2;
  const training = points.length ? points.map((p) => [p[0], p[column]]) : rows.map((row) => [row.epoch, row[what]]);
  return [known(training), known(rows.map((row) => [row.epoch, row[`val_${what}`]]))];
}

// Round numbers, about `count` of them, that reach from low to high or a little further.
export function ticks(low, high, count) {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((v) => v * power).find((v) => v >= rough * 0.999);
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Math.round((first + i) * step * 1e6) / 1e6);
}

function render({ model, el }) {
  const my = begin({ model, el }, { names: NAMES, css: CSS, draw }), { node, error } = my;

  const stop = button("Stop training", () => {
    my.update({ stop: true });
    my.tell();
  });
  const said = make("p", { role: "status", className: "said" }), now = make("p");
  const charts = Object.fromEntries([["loss", "Loss"], ["accuracy", "Accuracy"]].map(([what, name]) => {
    const keys = [[TRAINING, "training"], [VALIDATION, "validation"]].map(([color, text]) => {
      const dot = make("i");
      dot.style.background = color;
      return make("span", { className: "key" }, dot, text);
    });
    const chart = { picture: board(400, {}, HIGH), figure: make("figure", { className: "chart" }), validation: keys[1] };
    chart.figure.append(make("figcaption", {}, name, ...keys), chart.picture.node);
    chart.room = watchWidth(chart.figure, () => drawChart(what, chart));
    return [what, chart];
  }));
  const table = make("tbody"), heads = make("tr");
  const region = focusable("div", { className: "epochs", tabIndex: 0, role: "region", ariaLabel: "epochs, one row each" },
    make("table", {}, make("thead", {}, heads), table));
  node.append(make("div", { className: "head" }, stop, now), said, error,
    make("div", { className: "panels" }, ...Object.values(charts).map((chart) => chart.figure)), region);

  function draw() {
    const { epochs, rows, points, running, batches } = my.state, last = points.at(-1), row = rows.at(-1);
    node.dataset.sentence = sentence(my.state);
    stop.hidden = !running;
    stop.disabled = my.state.stop;
    const ended = my.state.stop ? "Stopped; everything so far is kept." : "Done.";
    const phase = running ? (my.state.stop ? "Stopping after this batch." : "Training.") : row ? ended : "Not begun.";
    const told = row ? `${phase} Epoch ${row.epoch} of ${epochs}: ${words(row)}.` : phase;
    say(said, told);
    const gone = Math.max(row?.epoch ?? 0, last?.[0] ?? 0);
    const left = rows.length ? Math.round((rows.reduce((sum, r) => sum + r.seconds, 0) / rows.length) * (epochs - gone)) : null;
    const epoch = Math.min(epochs, Math.floor(gone - 1e-9) + 1);
    now.textContent = running && last && !my.state.stop
      ? `Epoch ${epoch} of ${epochs}, ${Math.round(100 * (gone - epoch + 1))}% of ${batches} batches: ${words({ loss: last[1], accuracy: last[2] })}`
        + `${left === null ? "" : `; about ${left} s left`}` : "";
    for (const [what, chart] of Object.entries(charts)) drawChart(what, chart);
    drawTable();
  }

  function drawTable() {
    const names = Object.keys(my.state.rows[0] ?? {});
    region.hidden = !names.length;
    heads.replaceChildren(...names.map((name) => make("th", { scope: "col" }, name)));
    if (table.rows.length > my.state.rows.length) table.replaceChildren();
    for (const row of my.state.rows.slice(table.rows.length)) {
      const text = (name) => (name === "epoch" ? row[name] : name === "seconds" ? row[name].toFixed(1)
        : name.endsWith("loss") ? loss(row[name]) : share(row[name]));
      table.append(make("tr", {}, ...names.map((name) => make("td", {}, String(text(name))))));
      region.scrollTop = region.scrollHeight;
    }
  }

  function drawChart(what, { picture, room, validation }) {
    const [training, validated] = curves(my.state, what), all = [...training, ...validated].map(([, y]) => y);
    validation.hidden = !validated.length;
    const width = Math.max(200, room.now() || 400);
    picture.resize(width, HIGH);
    const pen = picture.begin(), color = node.ink;
    const across = Math.max(1, my.state.epochs), high = what === "accuracy" ? 1 : Math.max(0.001, ...all);
    const up = ticks(what === "accuracy" ? Math.min(0.9, ...all) : 0, high, 4), [low, top] = [up[0], what === "accuracy" ? 1 : up.at(-1)];
    const x = (v) => LEFT + (v / across) * (width - LEFT - RIGHT);
    const y = (v) => HIGH - BOTTOM - ((v - low) / (top - low)) * (HIGH - BOTTOM - TOP);
    Object.assign(pen, { font: "12px system-ui, sans-serif", fillStyle: color, strokeStyle: "rgba(128, 128, 128, 0.35)", lineWidth: 1 });
    pen.textAlign = "right";
    for (const v of up.filter((v) => v <= top)) {
      pen.strokeRect(LEFT, Math.round(y(v)) + 0.5, width - LEFT - RIGHT, 0);
      pen.fillText(what === "accuracy" ? `${Math.round(100 * v)}%` : String(v), LEFT - 6, y(v) + 4);
    }
    pen.textAlign = "center";
    for (const v of ticks(0, across, Math.min(across, 6)).filter((v) => v <= across && Number.isInteger(v))) pen.fillText(String(v), x(v), HIGH - BOTTOM + 15);
    pen.fillText("epochs", LEFT + (width - LEFT - RIGHT) / 2, HIGH - 4);
    for (const [curve, strokeStyle] of [[training, TRAINING], [validated, VALIDATION]]) {
      Object.assign(pen, { strokeStyle, fillStyle: strokeStyle, lineWidth: 2, lineJoin: "round" });
      const points = curve.map(([a, b]) => [x(a), y(b)]);
      line(pen, points);
      if (curve === training && my.state.points.length) continue;
      for (const point of points) dot(pen, point, 3.5);
    }
    const end = (curve) => (what === "accuracy" ? share : loss)(curve.at(-1)[1]);
    picture.node.ariaLabel = `${what}: ${training.length ? `training ${end(training)}` : "nothing yet"}`
      + `${validated.length ? `, validation ${end(validated)}` : ""}`;
  }

  return my.live(...Object.values(charts).map((chart) => chart.room));
}

export default { render };
