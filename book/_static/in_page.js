/* Exercises in the page. Before a reader writes or checks, this script loads nothing; then it loads
   python.js and course.js (tools/in_page), which hold Python, NumPy and the checks as text:
   a page opened from disk may load scripts, but not fetch. Python runs in a worker, so that an
   endless loop can be stopped. */
(() => {
"use strict";

const SECONDS = 20;   // that a check may take
const FOLDER = document.documentElement.dataset.content_root + "_static/in_page/";
const KEY = "what-recurrent-networks-learn/";

// --- What a learner has written: {code, tried, solved} for each "chapter/exercise".

const store = {
  get(name) {
    try { return JSON.parse(localStorage.getItem(KEY + name)) ?? {}; } catch { return {}; }
  },
  set(name, change) {
    try { localStorage.setItem(KEY + name, JSON.stringify({...store.get(name), ...change})); }
    catch { /* switched off or full: what is typed lasts as long as the page */ }
  },
  remove(name) {
    try { localStorage.removeItem(KEY + name); } catch { /* nothing was kept */ }
  },
};

// --- Python, in a worker whose text is this function's.

function work() {
  const files = {};
  const bytes = text => Uint8Array.fromBase64?.(text)
    ?? Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const unpack = async packed => {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const load = name =>
    importScripts(URL.createObjectURL(new Blob([files[name]], {type: "text/javascript"})));
  // Pyodide fetches its own files: it gets them from memory.
  self.fetch = async address => {
    const name = String(address.url ?? address).split("/").pop();
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(files[name], {headers: {"Content-Type": type}});
  };
  let marking;
  const start = async scripts => {
    const modules = [];   // [name, content] for each of Python's modules
    await Promise.all(scripts.map(async ([texts, sizes]) => {
      const {modules: joined, ...core} = Object.fromEntries(await Promise.all(
        Object.entries(texts).map(async ([name, text]) => [name, await unpack(bytes(text))])));
      Object.assign(files, core);
      let place = 0;
      for (const [name, size] of Object.entries(sizes)) {
        modules.push([name, joined.subarray(place, place += size)]);
      }
    }));
    load("pyodide.asm.js");
    load("pyodide.js");
    postMessage({step: "Starting Python …"});
    const python = await loadPyodide({
      indexURL: "file:///pyodide/",
      fsInit(system, {sitePackages}) {
        for (const [name, content] of modules) {
          const path = `${sitePackages}/${name}`;
          system.mkdirTree(path.slice(0, path.lastIndexOf("/")));
          system.writeFile(path, content, {canOwn: true});
        }
      },
    });
    postMessage({step: "Starting NumPy …"});
    python.runPython("import substitutes; substitutes.install()");
    marking = python.pyimport("marking");
  };
  onmessage = async ({data}) => {
    try {
      if (data.files) {
        await start(data.files);
        postMessage({ready: true});
      } else {
        postMessage({verdict: JSON.parse(marking.mark_json(JSON.stringify(data.mark)))});
      }
    } catch (error) {
      postMessage({failed: String(error)});
    }
  };
}

const scripts = {};
const script = name => scripts[name] ??= new Promise((loaded, missing) => {
  const part = document.createElement("script");
  part.src = FOLDER + name;
  part.onload = loaded;
  part.onerror = () => {
    delete scripts[name];
    missing(new Error(`Exercises cannot run in this copy of the book: the file _static/in_page/${name} is missing.`));
  };
  document.head.append(part);
});

/* One Python for the page. `tell` is called with each step of its start, if anybody listens. */
class Python {
  constructor() {
    this.step = "Loading Python and NumPy from this book …";
    this.broken = new Promise((_, end) => { this.fail = end; });
    this.ready = Promise.race([this.start(), this.broken]);
    this.ready.then(() => { this.runs = true; }, () => {});
  }

  async start() {
    if (!self.WebAssembly || !self.Worker || !self.DecompressionStream) {
      throw new Error("Exercises cannot run in this browser: it is too old for them.");
    }
    await Promise.all([script("python.js"), script("course.js")]);
    if (this.ended) return;
    this.report("Unpacking …");
    const source = new Blob([`(${work})()`], {type: "text/javascript"});
    try {
      this.worker = new Worker(URL.createObjectURL(source));
    } catch {
      throw new Error("Exercises cannot run here: this browser starts no worker for this page.");
    }
    this.worker.onerror = event => {
      event.preventDefault();
      this.fail(new Error(`Python could not start: ${event.message}`));
    };
    await this.ask({files: [courseFiles.python, courseFiles.course]});
  }

  /* Send a message and wait for what answers it. */
  ask(message) {
    const answer = new Promise((answered, failed) => {
      this.worker.onmessage = ({data}) => {
        if (data.step) this.report(data.step);
        else if (data.failed) failed(new Error(`Python broke off: ${data.failed}`));
        else answered(data);
      };
    });
    this.worker.postMessage(message);
    return Promise.race([answer, this.broken]);
  }

  report(step) {
    this.step = step;
    this.tell?.(step);
  }

  end(error) {
    this.ended = true;
    this.worker?.terminate();
    this.fail(error);
  }
}

class Halted extends Error {}

let python;   // started by the first Check

// --- One exercise.

const made = (tag, properties, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

class Workplace {
  constructor(form) {
    this.form = form;
    this.chapter = form.dataset.chapter;
    this.exercise = form.dataset.exercise;
    this.name = `${this.chapter}/${this.exercise}`;
    this.code = form.querySelector("textarea");
    this.stub = this.code.defaultValue;   // not what a browser restored
    this.furnish();
    this.findAround();
    const kept = store.get(this.name);
    this.code.value = kept.code ?? this.stub;
    this.show(kept);
    this.fit();
    form.hidden = false;
  }

  furnish() {
    const id = `code-${this.exercise}`;
    this.label = made("label", {htmlFor: id}, "Your code");
    this.code.id = id;
    const keys = made("p", {id: `${id}-keys`, className: "keys"},
      "Tab indents. To leave the field with Tab, press Escape first. Ctrl+Enter checks.");
    this.code.setAttribute("aria-describedby", keys.id);
    this.check = made("button", {type: "submit", className: "check"}, "Check");
    this.stop = made("button", {type: "button", hidden: true}, "Stop");
    this.over = made("button", {type: "button"}, "Start over");
    this.step = made("p", {className: "step", hidden: true});
    this.says = made("p", {className: "verdict"});
    this.says.setAttribute("role", "status");
    this.printed = made("pre", {className: "printed", hidden: true, tabIndex: 0});
    this.printed.setAttribute("aria-label", "What your code printed");
    this.later = made("p", {className: "later"}, "The solution can be opened after a try.");
    this.form.prepend(this.label);
    this.form.append(keys, made("p", {className: "buttons"}, this.check, this.stop, this.over),
      this.step, this.says, this.printed, this.later);
    this.form.addEventListener("submit", event => { event.preventDefault(); this.run(); });
    this.stop.addEventListener("click", () => this.halt("Stopped."));
    this.over.addEventListener("click", () => this.startOver());
    this.code.addEventListener("keydown", event => this.key(event));
    this.code.addEventListener("input", () => { this.keep(); this.fit(); this.getReady(); });
    this.code.addEventListener("blur", () => { this.leaving = false; });
  }

  /* Hints come one after the other; the solution comes after a try. */
  findAround() {
    const hints = [];
    let part = this.form;
    while ((part = part.previousElementSibling) && !part.matches(".exercise, .workplace, h2")) {
      if (part.matches("details.sd-dropdown") && /^\s*Hint/.test(part.textContent)) hints.unshift(part);
    }
    hints.forEach((hint, place) => {
      const next = hints[place + 1];
      if (!next) return;
      next.classList.add("not-yet");
      hint.addEventListener("toggle", () => next.classList.remove("not-yet"), {once: true});
    });
    this.after = [];
    part = this.form;
    while ((part = part.nextElementSibling) && !part.matches(".exercise, .workplace, h2")) {
      if (part.matches(".after-a-try")) this.after.push(part);
    }
    this.hasSolution = this.after.some(part => part.querySelector("details"));
  }

  show({tried, solved}) {
    // The button takes the place of the check's cell.
    for (const part of this.after) {
      part.classList.toggle("not-yet", !tried || !part.querySelector("details"));
    }
    this.later.hidden = tried || !this.hasSolution;
    this.label.textContent = solved ? "Your code (solved)" : "Your code";
  }

  fit() {
    this.code.rows = Math.max(6, this.code.value.split("\n").length + 1);
  }

  keep() {
    store.set(this.name, {code: this.code.value});
  }

  startOver() {
    this.code.focus();
    this.code.select();
    this.type(this.stub);
    store.set(this.name, {code: undefined, solved: false});
    this.show(store.get(this.name));
    this.say("The code is as it was at the start.");
  }

  key(event) {
    const {code} = this;
    if (event.key === "Escape") {
      this.leaving = true;
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.run();
    } else if (event.key === "Tab" && !this.leaving && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      this.indent(event.shiftKey);
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      const line = code.value.slice(0, code.selectionStart).split("\n").pop();
      this.type("\n" + line.match(/^ */)[0] + (/:\s*$/.test(line) ? "    " : ""));
    } else if (event.key !== "Shift" && event.key !== "Tab") {
      this.leaving = false;
    }
  }

  /* Typed so that the browser can undo it. */
  type(text) {
    if (!document.execCommand("insertText", false, text)) {
      this.code.setRangeText(text, this.code.selectionStart, this.code.selectionEnd, "end");
      this.code.dispatchEvent(new Event("input"));
    }
  }

  /* Four spaces in or out, for all lines of the selection. */
  indent(out) {
    const {code} = this, {value, selectionStart: start, selectionEnd: end} = code;
    if (!out && start === end) {
      this.type("    ");
      return;
    }
    const first = value.lastIndexOf("\n", start - 1) + 1;
    const last = value.indexOf("\n", Math.max(start, end - 1));
    const stop = last < 0 ? value.length : last;
    const lines = value.slice(first, stop).split("\n");
    const moved = lines.map(line => out ? line.replace(/^ {1,4}/, "") : line && "    " + line);
    const text = moved.join("\n");
    if (text === lines.join("\n")) return;
    code.setSelectionRange(first, stop);
    this.type(text);
    const before = moved[0].length - lines[0].length;
    if (start === end) code.setSelectionRange(Math.max(first, start + before), Math.max(first, start + before));
    else code.setSelectionRange(first, first + text.length);
  }

  say(text, kind = "") {
    this.says.textContent = text;
    this.says.dataset.kind = kind;
  }

  /* The exercise's own code, and for each earlier one what solves it: the learner's code, or
     the book's where the page has it. */
  answers() {
    const found = {};
    for (const place of places) {
      if (place === this) break;
      const kept = store.get(place.name);
      const solution = place.after[0]?.querySelector("details pre")?.textContent;
      const code = kept.solved ? kept.code : solution;
      if (code) found[place.exercise] = code;
    }
    found[this.exercise] = this.code.value;
    return found;
  }

  /* Start Python when somebody begins to write: then it is there for the first check. */
  getReady() {
    python ??= new Python();
  }

  async run() {
    if (Workplace.busy) return;
    Workplace.busy = this;
    store.set(this.name, {code: this.code.value, tried: true});
    this.show(store.get(this.name));
    this.printed.hidden = true;
    this.stop.hidden = false;
    this.check.setAttribute("aria-disabled", "true");
    this.getReady();
    this.say(python.runs ? "" : "Python is starting, once for this page. It takes some seconds.");
    python.tell = step => { this.step.textContent = step; };
    this.step.textContent = python.step;
    this.step.hidden = false;
    let clock;
    try {
      await python.ready;
      this.step.textContent = "Checking …";
      clock = setTimeout(() => this.halt(
        `Stopped after ${SECONDS} seconds. Does a loop in your code never end?`), SECONDS * 1000);
      const {chapter, exercise} = this;
      const {verdict} = await python.ask({mark: {chapter, exercise, answers: this.answers()}});
      this.tell(verdict);
    } catch (error) {
      if (error instanceof Halted) {
        this.say(error.message, "wrong");
      } else {
        python?.end(error);
        python = undefined;
        const below = this.hasSolution ? " The solution is folded below." : "";
        this.say(error.message + below, "wrong");
      }
    } finally {
      clearTimeout(clock);
      this.step.hidden = this.stop.hidden = true;
      this.check.removeAttribute("aria-disabled");
      Workplace.busy = undefined;
    }
  }

  tell({right, says, printed, missing}) {
    if (missing) {
      says = `${says}\nThe page has Python and NumPy, and not ${missing}. Do this in a notebook.`;
    }
    this.printed.textContent = printed;
    this.printed.hidden = !printed;
    if (right) store.set(this.name, {solved: true});
    this.show(store.get(this.name));
    this.say(says, right ? "right" : "wrong");
  }

  /* End what runs. If that was an exercise, get a new Python ready for the next check. */
  halt(why) {
    const {runs} = python;
    python.end(new Halted(why));
    python = runs ? new Python() : undefined;
  }
}

const places = [...document.querySelectorAll("form.workplace")].map(form => new Workplace(form));

// --- The page that shows how far one has come.

class Progress {
  constructor(list) {
    this.items = [...list.querySelectorAll("[data-exercise]")];
    this.sum = made("p", {className: "sum"});
    this.says = made("p", {});
    this.says.setAttribute("role", "status");
    const save = made("button", {type: "button"}, "Save my work as a file");
    const file = made("input", {type: "file", id: "progress-file", accept: ".json,application/json"});
    const load = made("p", {className: "load"},
      made("label", {htmlFor: file.id}, "Load work from a file "), file);
    save.addEventListener("click", () => this.save());
    file.addEventListener("change", async () => {
      if (file.files[0]) this.load(await file.files[0].text());
      file.value = "";
    });
    list.prepend(this.sum, made("p", {className: "buttons"}, save), load, this.says);
    this.show();
    addEventListener("pageshow", () => this.show());
  }

  show() {
    let solved = 0;
    for (const item of this.items) {
      const kept = store.get(item.dataset.exercise);
      const state = kept.solved ? "solved" : kept.tried ? "tried" : kept.code ? "begun" : "";
      item.querySelector(".state").textContent = state && `: ${state}`;
      item.dataset.state = state;
      solved += state === "solved";
    }
    this.sum.textContent = `${solved} of ${this.items.length} exercises solved in this browser.`;
  }

  save() {
    const work = {};
    for (const {dataset: {exercise}} of this.items) {
      const kept = store.get(exercise);
      if (Object.keys(kept).length) work[exercise] = kept;
    }
    const text = JSON.stringify({course: KEY, work}, null, 1);
    const address = URL.createObjectURL(new Blob([text], {type: "application/json"}));
    made("a", {href: address, download: "my-exercises.json"}).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    this.says.textContent = `Saved ${Object.keys(work).length} exercises in my-exercises.json.`;
  }

  load(text) {
    let read;
    try { read = JSON.parse(text); } catch { /* told below */ }
    if (read?.course !== KEY || typeof read.work !== "object") {
      this.says.textContent = "This file holds no work for this book.";
      return;
    }
    const known = new Set(this.items.map(item => item.dataset.exercise));
    let count = 0;
    for (const [exercise, kept] of Object.entries(read.work)) {
      if (!known.has(exercise) || typeof (kept?.code ?? "") !== "string") continue;
      store.set(exercise, {code: kept.code, tried: !!kept.tried, solved: !!kept.solved});
      count += 1;
    }
    this.says.textContent = `Loaded ${count} exercises.`;
    this.show();
  }
}

document.querySelectorAll(".progress-list").forEach(list => new Progress(list));
})();
