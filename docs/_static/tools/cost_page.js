/* The page "What will my array cost?": what is entered, what is shown. The figures are cost.js's. */
"use strict";

(() => {
  const byId = (name) => document.getElementById(`cost-${name}`);
  const built = JSON.parse(byId("data").textContent);
  let data = built; // or what a reader's own file says
  const text = (tag, content, attributes = {}) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.textContent = content;
    return element;
  };

  const about = (bytes) => Cost.formatBytes(Number(bytes.toPrecision(2)));

  const complain = (field, message) => {
    byId(`${field}-error`).textContent = message;
    byId(field).toggleAttribute("aria-invalid", Boolean(message));
    if (message) byId(field).setAttribute("aria-invalid", "true");
  };
  const attempt = (field, read) => {
    try {
      const value = read();
      complain(field, "");
      return value;
    } catch (error) {
      complain(field, error.message);
      return null;
    }
  };

  /* The array that is entered: its size, and how that comes about; null where it is no array. A
     dtype that came with the shape moves into its own field when nobody is typing. */
  function entered(finished) {
    const given = byId("shape").value;
    const size = Cost.parseSize(given);
    byId("dtype").disabled = size !== null; // a size in bytes needs none
    if (size !== null) {
      complain("shape", "");
      complain("dtype", "");
      return { nbytes: size, words: `${size.toLocaleString("en")} bytes` };
    }
    const parsed = attempt("shape", () => Cost.parseShape(given));
    if (parsed && parsed.dtype && finished) {
      byId("shape").value = `(${parsed.shape.join(", ")}${parsed.shape.length === 1 ? "," : ""})`;
      byId("dtype").value = parsed.dtype;
      parsed.dtype = "";
    }
    const dtype = (parsed && parsed.dtype) || byId("dtype").value;
    const item = attempt("dtype", () => Cost.parseDtype(dtype));
    if (parsed === null || item === null) return null;
    const elements = parsed.shape.reduce((a, b) => a * b, 1);
    const nbytes = elements * item;
    if (nbytes > 2 ** 53) {
      complain("shape", "That is more than any memory holds.");
      return null;
    }
    const words = `${elements.toLocaleString("en")} elements of ${item} byte${item === 1 ? "" : "s"}`;
    return { nbytes, words };
  }

  /* Whole powers of ten around the times: the axis that all rows share. */
  function axisOf(costs) {
    const least = Math.floor(Math.log10(Math.min(...costs.map((cost) => cost.seconds[1]))));
    const most = Math.ceil(Math.log10(Math.max(...costs.map((cost) => cost.seconds[2]))));
    const powers = Array.from({ length: most - least + 1 }, (_, i) => least + i);
    return { powers, x: (s) => `${(4 + (92 * (Math.log10(s) - least)) / (most - least)).toFixed(2)}%` };
  }

  function drawing(inside) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    svg.innerHTML = inside;
    return svg;
  }
  const grid = ({ powers, x }) =>
    powers.map((p) => `<line x1="${x(10 ** p)}" x2="${x(10 ** p)}" y1="0" y2="16" class="tool-axis"/>`).join("");

  /* A dot at the time and a line over its interval. */
  function drawTime([value, low, high], axis) {
    const [v, l, h] = [value, low, high].map(axis.x);
    return drawing(
      `${grid(axis)}<line x1="${l}" x2="${h}" y1="8" y2="8" class="tool-interval"/><circle cx="${v}" cy="8" r="4" class="tool-value"/>`,
    );
  }

  function drawAxis(axis) {
    const name = (p) => (p < -3 ? `${10 ** (p + 6)} µs` : p < 0 ? `${10 ** (p + 3)} ms` : `${10 ** p} s`);
    const anchor = (i) => (i === 0 ? "start" : i === axis.powers.length - 1 ? "end" : "middle");
    const labels = axis.powers.map(
      (p, i) => `<text x="${axis.x(10 ** p)}" y="12" text-anchor="${anchor(i)}">${name(p)}</text>`,
    );
    return drawing(labels.join(""));
  }

  function row(cost, nbytes, axis, note) {
    const line = document.createElement("tr");
    const name = text("th", data.titles[cost.transport] || cost.transport, { scope: "row" });
    const time = text("td", Cost.formatTime(cost.seconds), { className: "tool-time" });
    if (note) time.append(text("small", note));
    const drawn = document.createElement("td");
    drawn.className = "tool-drawing";
    drawn.append(drawTime(cost.seconds, axis));
    const peak = nbytes + cost.growth;
    const memory = text("td", about(peak));
    memory.append(text("small", ` ${(peak / nbytes).toFixed(1)} arrays`));
    if (data.memory_bytes && peak > data.memory_bytes) {
      memory.append(text("strong", " more than the machine has", { className: "tool-over" }));
    }
    line.append(name, time, drawn, memory);
    return line;
  }

  /* Returns what goes for all rows: the way that the answer is about, and what was extrapolated. */
  function showCosts(nbytes) {
    let costs = Cost.costs(data, nbytes, byId("direction").value);
    const main = costs.filter((cost) => data.shown.includes(cost.transport));
    if (!byId("all").checked && main.length) costs = main;
    const extrapolated = ({ from }) => {
      if (!from) return "";
      return nbytes > from
        ? `extrapolated: at the speed measured with ${Cost.formatBytes(from)}`
        : `extrapolated: the time measured with ${Cost.formatBytes(from)}, or less`;
    };
    const notes = costs.map(extrapolated);
    const common = notes.every((note) => note === notes[0]) ? notes[0] : "";
    const axis = axisOf(costs);
    byId("axis").replaceChildren(text("span", "the same, drawn", { className: "tool-hidden" }), drawAxis(axis));
    const rows = costs.map((cost, i) => row(cost, nbytes, axis, common ? "" : notes[i]));
    byId("ways").tBodies[0].replaceChildren(...rows);
    const whose = data === built ? "the build's machine" : "your machine";
    byId("caption").textContent = `Measured on ${whose}, ${data.date}: ${data.machine}`;
    const sizes = data.measurements.map((m) => m.nbytes);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)].map(Cost.formatBytes);
    byId("note").textContent =
      `In brackets: where another run is expected. Sizes of ${least} to ${most} were measured; the time between two is ` +
      "read from a straight line on logarithmic axes. Peak memory: the array, and what both processes need beside it; " +
      "memory that they share counts in each.";
    return { cost: costs.find((cost) => cost.transport === "pipe") || costs[0], common };
  }

  /* Fills the last column of the table of limits, which it first adds. */
  function showLimits(nbytes) {
    const rows = [...document.querySelectorAll("#cost-limits tr")];
    rows.forEach((line, number) => {
      if (!line.lastElementChild.classList.contains("cost-yours")) {
        line.append(text(number ? "td" : "th", "your array", { className: "cost-yours" }));
      }
      if (!number) return;
      const crossed = nbytes > data.limits[number - 1];
      line.classList.toggle("cost-crossed", crossed);
      line.lastElementChild.textContent = crossed ? "beyond" : "below";
    });
    return data.limits.filter((limit) => nbytes > limit).length;
  }

  function update(event) {
    const array = entered(!event || event.type === "change" || event.inputType === "insertFromPaste");
    byId("ways").hidden = !array || !array.nbytes;
    if (!array) {
      byId("answer").textContent = "";
      return;
    }
    const crossed = showLimits(array.nbytes);
    const answer = [text("strong", Cost.formatBytes(array.nbytes)), ` (${array.words})`];
    if (array.nbytes) {
      const { cost, common } = showCosts(array.nbytes);
      const title = data.titles[cost.transport] || cost.transport;
      const peak = about(array.nbytes + cost.growth);
      answer.push(`. ${title}: ${Cost.formatTime(cost.seconds)}, ${peak} at the peak. `);
      answer.push(crossed ? `Beyond ${crossed} of the limits below.` : "Below all limits.");
      if (common) answer.push(text("span", `All times are ${common}.`, { className: "tool-beyond" }));
    } else {
      answer.push(": an empty array goes through as a header.");
    }
    byId("answer").replaceChildren(...answer);
  }

  async function load() {
    const [file] = byId("file").files;
    if (!file) return;
    let message = "";
    try {
      if (file.size > 50e6) throw new Error("larger than any file of measurements");
      data = { ...built, ...Cost.readMeasurements(await file.text()) };
    } catch (error) {
      message = `${file.name}: ${error.message}`;
      data = built;
    }
    complain("file", message);
    byId("reset").hidden = data === built;
    update();
  }

  const query = new URLSearchParams(location.search);
  for (const field of ["shape", "dtype", "direction"]) {
    if (query.has(field)) byId(field).value = query.get(field);
  }
  for (const field of ["shape", "dtype"]) byId(field).addEventListener("input", update);
  for (const field of ["shape", "direction", "all"]) byId(field).addEventListener("change", update);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("file").addEventListener("change", load);
  byId("reset").addEventListener("click", () => {
    data = built;
    byId("file").value = "";
    byId("reset").hidden = true;
    byId("file").focus();
    complain("file", "");
    update();
  });
  update();
  byId("form").classList.add("tool-ready");
})();
