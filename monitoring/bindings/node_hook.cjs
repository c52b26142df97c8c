// Loaded into jsii's Node by NODE_OPTIONS (monitoring/bindings/fast.py). The same program does the same work, sooner.
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { Writable } = require("node:stream");

// A provider package loads all of its 1,500 modules, since `lib/index.js` is its main. It also ships
// `lib/lazy-index.js`, which loads a module when its class is asked for.
const providers = Object.values(require("./engines.json")).map((engine) => engine.npm_providers);
const EAGER = new RegExp(`/(?:${providers.join("|")})[^/]+/(?:.+/)?lib/index\\.js$`);

// Each reference would note its whole stack, for messages that point into Node's half: a sixth of all time there.
const capture = Error.captureStackTrace;
Error.captureStackTrace = (object, below) => {
  if (Error.stackTraceLimit !== Number.MAX_SAFE_INTEGER) capture(object, below);
};

// jsii starts a Node that starts a Node, and hands each message from one to the other: here is but one.
const LAUNCHER = "/bin/jsii-runtime.js";
const CHANNEL = 3; // the second one's file descriptor for messages

const resolve = Module._resolveFilename; // not `registerHooks`: that turns every path into a URL and back, 30 ms in all

Module._resolveFilename = function (request, parent, isMain, options) {
  const file = resolve.call(this, request, parent, isMain, options ?? lookup(request, parent?.filename));
  if (isMain && file.endsWith(LAUNCHER)) return withoutLauncher(file);
  if (!links && LINKS.test(parent?.filename)) {
    links = parent.filename;
    Module.enableCompileCache?.(COMPILED); // Node 22.1 and later
  }
  if (!EAGER.test(file)) return file;
  const lazy = file.replace(/index\.js$/, "lazy-index.js");
  return fs.existsSync(lazy) ? lazy : file;
};

// jsii links its packages into a new folder at each run, and asks Node to know modules by the links' names. Here they
// have the names of the files, which Node looks up faster; only other packages are looked for beside the link.
// What is compiled is kept, from there on: jsii's own program lies in another place each time, and would be kept anew.
const COMPILED = path.join(__dirname, "../../.cache/node");
const LINKS = /\/jsii-kernel-[^/]+$/;
let links;

function lookup(request, from) {
  if (!links || !from || /^\.{0,2}\//.test(request) || Module.isBuiltin(request)) return undefined;
  return { paths: [path.dirname(from), links] };
}

// The program that the launcher would start; it finds here what the launcher would give it.
function withoutLauncher(launcher) {
  process.execArgv.push("--preserve-symlinks"); // else jsii copies the packages, file by file
  while (fs.openSync(os.devNull, "r") < CHANNEL); // so that no file gets this number
  const { readSync, writeSync } = fs;
  fs.readSync = (fd, ...rest) => readSync(fd === CHANNEL ? 0 : fd, ...rest);
  fs.writeSync = (fd, ...rest) => writeSync(fd === CHANNEL ? 1 : fd, ...rest);
  for (const name of ["stdout", "stderr"]) {
    const write = (text, _, done) => {
      writeSync(2, `${JSON.stringify({ [name]: text.toString("base64") })}\n`);
      done();
    };
    Object.defineProperty(process, name, { value: Object.assign(new Writable({ write }), { fd: 2 }) });
  }
  return path.join(path.dirname(launcher), "../lib/program.js");
}
