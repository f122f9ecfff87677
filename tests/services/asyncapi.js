// Reads a JSON list of AsyncAPI documents; prints what @asyncapi/parser finds wrong in each.
const { Parser } = require("@asyncapi/parser");

async function findings(document) {
  const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document));
  const found = diagnostics.map(({ code, message, path }) => `${code}: ${message} (${path.join("/")})`);
  return parsed ? found : [...found, "could not be parsed"];
}

async function main() {
  const documents = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const found = [];
  for (const document of documents) found.push(await findings(document));
  console.log(JSON.stringify(found));
}

main();
