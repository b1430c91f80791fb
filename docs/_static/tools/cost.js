/* What an array costs: reads shapes, dtypes and files of measurements, and interpolates between the
   measured sizes. Without a document: what is on the page is cost_page.js. A plain script, because
   a browser loads no module from a page that was opened from disk. */
"use strict";

const Cost = (() => {
  const ITEM_BYTES = {
    bool: 1, int8: 1, uint8: 1, int16: 2, uint16: 2, int32: 4, uint32: 4, int64: 8, uint64: 8,
    intc: 4, uintc: 4, intp: 8, uintp: 8, int: 8, uint: 8, long: 8, longlong: 8,
    float16: 2, float32: 4, float64: 8, half: 2, single: 4, double: 8, float: 8,
    longdouble: 16, float96: 12, float128: 16,
    complex64: 8, complex128: 16, complex192: 24, complex256: 32, csingle: 8, cdouble: 16,
    complex: 16, clongdouble: 32, datetime64: 8, timedelta64: 8, str: 0, bytes: 0, void: 0,
  };
  const ONE_BYTE = "?bBc"; // and the other characters that need no number
  const CHARACTERS = { h: 2, H: 2, e: 2, i: 4, I: 4, f: 4, l: 8, L: 8, q: 8, Q: 8, d: 8, F: 8, D: 16, g: 16, G: 32 };

  const units = (number, names, base) => {
    let name = 0;
    while (number >= base - 0.5 && name < names.length - 1) {
      number /= base;
      name += 1;
    }
    const text = number.toFixed(number >= 100 ? 0 : number >= 10 ? 1 : 2);
    return `${text.includes(".") ? text.replace(/\.?0+$/, "") : text} ${names[name]}`;
  };
  const formatBytes = (size) => units(size, ["B", "kB", "MB", "GB", "TB", "PB", "EB"], 1000);
  const formatBinary = (size) => units(size, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 1024);

  /* A size in bytes, as 3 GB; null for anything else. */
  function parseSize(text) {
    const found = /^\s*([\d_]+(?:\.\d+)?)\s*([kKMGT]?)(i?)B\s*$/.exec(text);
    if (!found) return null;
    const power = " KMGT".indexOf(found[2].toUpperCase() || " ");
    return Math.round(Number(found[1].replaceAll("_", "")) * (found[3] ? 1024 : 1000) ** power);
  }

  /* The shape, and the dtype if one was pasted with it: (10000, 10000) float64. */
  function parseShape(text) {
    let rest = text.trim().replace(/^[\w.]*\s*\.?shape\s*[=:]\s*/, "");
    if (/^\(\s*[([]/.test(rest)) rest = rest.replace(/^\(/, "").replace(/\)$/, ""); // a tuple of both
    const found = /^[([]([^()[\]]*)[)\]](.*)$/s.exec(rest) || /^([\d_][\d_\s,x×*]*)()$/.exec(rest);
    if (!found) {
      throw new Error(`“${text.trim()}” is no shape. Enter whole numbers, as in (10000, 10000).`);
    }
    const parts = found[1].split(/[\s,x×*]+/).filter(Boolean);
    const shape = parts.map((part) => {
      const digits = (/^(?:np\.\w+\(|numpy\.\w+\()?([\d_]+)\)?$/.exec(part) || [])[1];
      if (!digits) throw new Error(`“${part}” in the shape is not a whole number of elements.`);
      return Number(digits.replaceAll("_", ""));
    });
    const dtype = found[2].replace(/^[\s,;]+/, "").replace(/^[\w.]*\s*\.?dtype\s*[=:]\s*/, "");
    return { shape, dtype: dtype.trim() };
  }

  function fieldsBytes(text) {
    let total = 0;
    const field = /\(\s*(?:'[^']*'|"[^"]*"|\([^()]*\))\s*,\s*(?:'([^']+)'|"([^"]+)"|(\[[^[\]]*\]))\s*(?:,\s*\(([^()]*)\)\s*|,\s*(\d+)\s*)?,?\s*\)/g;
    const left = text.slice(1, -1).replace(field, (_, one, two, nested, shape, length) => {
      const times = (shape || length || "1").split(",").filter((n) => n.trim()).map(Number);
      total += parseDtype(one || two || nested) * times.reduce((a, b) => a * b, 1);
      return "";
    });
    if (left.replace(/[\s,]/g, "")) throw new Error(`This part of the dtype is not understood: ${left}`);
    return total;
  }

  /* The bytes of one element. */
  function parseDtype(text) {
    let name = text.trim().replace(/^[\w.]*\s*\.?dtype\s*=\s*/, "");
    name = name.replace(/^(?:np\.|numpy\.)?dtype\((.*)\)$/s, "$1").trim();
    if (/,\s*align=True$/.test(name)) {
      throw new Error("An aligned dtype has room between its fields: paste what str(arr.dtype) prints.");
    }
    name = name.replace(/^<class '(.*)'>$/, "$1");
    if (name.startsWith("{")) {
      const size = /'itemsize':\s*(\d+)/.exec(name);
      if (size) return Number(size[1]);
    }
    if (name.startsWith("[")) return fieldsBytes(name);
    name = name.replace(/^['"]|['"]$/g, "").replace(/^(np\.|numpy\.)/, "");
    if (/^(\|?O\d*|object_?)$/.test(name)) {
      throw new Error("An array of objects holds pointers; how large their pickles are depends on the objects.");
    }
    if (/^StringDType|^T$/.test(name)) {
      throw new Error("An array of StringDType has strings of any length; its size is not shape times dtype.");
    }
    const [, bare] = /^[<>=|]?(.*)$/.exec(name);
    const unit = bare.replace(/\[[^\]]*\]$/, "");
    if (/^[mM]8$/.test(unit)) return 8;
    if (unit in ITEM_BYTES || unit.replace(/_$/, "") in ITEM_BYTES) {
      const bytes = ITEM_BYTES[unit] ?? ITEM_BYTES[unit.replace(/_$/, "")];
      if (bytes) return bytes;
    }
    const sized = /^([biufcSUVa])(\d+)$/.exec(bare);
    if (sized) return Number(sized[2]) * (sized[1] === "U" ? 4 : 1);
    const long = /^(?:str|bytes|void)(\d+)$/.exec(bare); // NumPy's names count bits
    if (long) return Number(long[1]) / 8;
    if (bare.length === 1 && ONE_BYTE.includes(bare)) return 1;
    if (bare in CHARACTERS) return CHARACTERS[bare];
    throw new Error(`“${text.trim()}” is no dtype that is known here. Examples: float64, <f4, dtype('int32').`);
  }

  const median = (sorted) => {
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  };
  const ascending = (values) => [...values].sort((a, b) => a - b);

  /* The same interval as ndpipe.compare draws from passes of positive values. */
  function medianInterval(passes) {
    const middle = median(ascending(passes.flat()));
    const logs = passes.filter((pass) => pass.length).map((pass) => pass.map(Math.log));
    const medians = logs.map((pass) => median(ascending(pass)));
    const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
    const k = logs.length;
    const n = logs.flat().length;
    const deviations = logs.flatMap((pass, i) => pass.map((log) => (log - medians[i]) ** 2));
    const within = (4 * 0.3 ** 2 + sum(deviations)) / (4 + n - k);
    const usual = 0.08 ** 2 + (within * k) / n;
    const mean = sum(medians) / k;
    const variance = (4 * usual + sum(medians.map((log) => (log - mean) ** 2))) / (4 + k - 1);
    const factor = Math.exp(4 * Math.sqrt((2 * variance) / k));
    return [middle, middle / factor, middle * factor];
  }

  /* Python rounds a half to the even neighbour. */
  const roundHalfEven = (x) => {
    const down = Math.floor(x);
    return x - down === 0.5 ? down + (down % 2) : Math.round(x);
  };

  /* Value, low and high with the digits that the width supports, as on all pages. */
  function rounded([value, low, high]) {
    const half = (high - low) / 2;
    const last = Math.floor(Math.log10(high)) - 2;
    const place = Math.min(Math.max(Math.floor(Math.log10(half)), last), Math.floor(Math.log10(value)));
    const unit = 10 ** place;
    const digits = Math.max(0, -place);
    const lower = Math.floor(low / unit + 1e-9);
    const upper = Math.ceil(high / unit - 1e-9);
    const text = [roundHalfEven(value / unit), lower, upper].map((n) => (n * unit).toFixed(digits));
    if (lower === 0 && low > 0) {
      const first = Math.floor(Math.log10(low));
      text[1] = (Math.floor(low / 10 ** first + 1e-9) * 10 ** first).toFixed(Math.max(0, -first));
    }
    return text;
  }

  function formatTime(seconds) {
    const [scale, unit] = seconds[0] < 5e-4 ? [1e6, "µs"] : seconds[0] < 0.5 ? [1e3, "ms"] : [1, "s"];
    const [value, low, high] = rounded(seconds.map((s) => s * scale));
    return `${value} (${low} to ${high}) ${unit}`;
  }

  /* Expected cost of an array: between measured sizes on a straight line of logarithms. Beyond the
     largest, the speed stays; below the smallest, the time and the memory do. */
  function estimate(points, nbytes) {
    const sizes = points.map((point) => point.nbytes);
    const [first, last] = [points[0], points[points.length - 1]];
    const growth = (point) => point.sender + point.receiver;
    if (nbytes < first.nbytes) {
      const [v, l, h] = first.speed.map((speed) => first.nbytes / speed / 1e9);
      return { seconds: [v, h, l], growth: growth(first), from: first.nbytes };
    }
    const next = sizes.findIndex((size) => size >= nbytes);
    const [one, two] = next === -1 ? [last, last] : [points[Math.max(0, next - 1)], points[next]];
    const way = one === two ? 0 : Math.log(nbytes / one.nbytes) / Math.log(two.nbytes / one.nbytes);
    const speed = one.speed.map((s, i) => (way === 1 ? two.speed[i] : s * (two.speed[i] / s) ** way));
    const [v, l, h] = speed.map((s) => nbytes / s / 1e9);
    const share = growth(one) / one.nbytes * (1 - way) + growth(two) / two.nbytes * way;
    return { seconds: [v, h, l], growth: share * nbytes, from: next === -1 ? last.nbytes : null };
  }

  function requireThat(condition, what) {
    if (!condition) throw new Error(`not what “python -m ndpipe compare --json” writes: ${what}`);
  }

  /* The text of a file, as what this page works with. */
  function readMeasurements(text) {
    let document;
    try {
      document = JSON.parse(text);
    } catch (error) {
      throw new Error(`no JSON (${error.message})`);
    }
    requireThat(document && typeof document === "object" && !Array.isArray(document), "it holds no object");
    for (const key of ["machine", "date", "version", "measurements"]) {
      requireThat(key in document, `“${key}” is missing`);
    }
    const machine = document.machine;
    for (const key of ["system", "cpu", "cores", "memory_bytes", "python", "numpy", "start_method"]) {
      requireThat(machine && key in machine, `“machine.${key}” is missing`);
    }
    requireThat(Array.isArray(document.measurements), "“measurements” is no list");
    const measurements = [];
    document.measurements.forEach((m, number) => {
      const where = `measurement ${number + 1}`;
      requireThat(m && typeof m.transport === "string", `${where} names no transport`);
      if (m.error !== null) return;
      requireThat(["to-child", "from-child"].includes(m.direction), `${where} has no direction`);
      requireThat(Number.isInteger(m.nbytes) && m.nbytes > 0, `${where} has no size`);
      requireThat(Array.isArray(m.samples) && m.samples.every(Array.isArray), `${where} has no samples`);
      const times = m.samples.map((pass) => pass.filter((s) => s !== null));
      requireThat(times.flat().every((s) => Number.isFinite(s) && s > 0), `${where} has a time that is no time`);
      if (!times.flat().length) return;
      const speed = medianInterval(times.map((pass) => pass.map((s) => m.nbytes / s / 1e9)));
      const [sender, receiver] = [m.sender_growth_bytes ?? 0, m.receiver_growth_bytes ?? 0];
      measurements.push({ transport: m.transport, direction: m.direction, nbytes: m.nbytes, speed, sender, receiver });
    });
    if (!measurements.length) throw new Error("no measurement in it without an error");
    const cores = `${machine.cores} core${machine.cores === 1 ? "" : "s"}`;
    const memory = machine.memory_bytes ? [formatBinary(machine.memory_bytes)] : [];
    const words = [machine.system, machine.cpu, cores, ...memory, `Python ${machine.python}`, `NumPy ${machine.numpy}`];
    return {
      machine: [...words, `start method ${machine.start_method}`].join(", "),
      memory_bytes: machine.memory_bytes,
      date: String(document.date).slice(0, 10),
      measurements,
    };
  }

  /* One line for each transport, the fastest first. */
  function costs(data, nbytes, direction) {
    const points = new Map();
    for (const m of data.measurements.filter((each) => each.direction === direction)) {
      points.set(m.transport, [...(points.get(m.transport) || []), m]);
    }
    return [...points]
      .map(([transport, list]) => ({
        transport,
        ...estimate(list.sort((a, b) => a.nbytes - b.nbytes), nbytes),
      }))
      .sort((a, b) => a.seconds[0] - b.seconds[0]);
  }

  return { costs, estimate, formatBinary, formatBytes, formatTime, medianInterval, parseDtype, parseShape, parseSize, readMeasurements, rounded };
})();
