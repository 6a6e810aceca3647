// The colours of a chat, from the few that were chosen: embed/colours.py and embed/palette.py in the words of the
// browser, so that the preview follows each key. tests/unit/embed/test_preview_colours.py holds the two together.

const TEXT = 4.5;
const CONTROL = 3;
const SOFT = 0.13;
const STEPS = 500;
const ROUNDS = 8;
const HEX = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/;

/** What was typed, as #rrggbb; null for what is no colour. */
export function asColour(text) {
  const typed = text.trim().toLowerCase();
  if (!HEX.test(typed)) return null;
  return typed.length === 7 ? typed : "#" + [...typed.slice(1)].map((digit) => digit + digit).join("");
}

/** The contrast ratio of WCAG 2.2. */
export function contrast(one, other) {
  const [darker, brighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (brighter + 0.05) / (darker + 0.05);
}

function least(colour, others) {
  return Math.min(...others.map((other) => contrast(colour, other)));
}

export function mixed(colour, share, other) {
  const [one, two] = [toLab(colour), toLab(other)];
  return fromLab(one.map((value, at) => share * value + (1 - share) * two[at]));
}

export function nearest(colour, others, ratio) {
  if (least(colour, others) >= ratio) return colour;
  const [lightness, a, b] = toLab(colour);
  const tried = Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
  for (const each of tried.sort((x, y) => Math.abs(x - lightness) - Math.abs(y - lightness))) {
    const room = each > lightness ? (1 - each) / (1 - lightness) : each / Math.max(lightness, 1e-9);
    const strength = room ** 0.5;
    const found = fromLab([each, a * strength, b * strength]);
    if (least(found, others) >= ratio) return found;
  }
  return null;
}

/** All colours of a scheme, by name. `own` are the chat's, of both schemes. */
export function palette(scheme, chosen, light, own) {
  const colours = { ...own[scheme], ...chosen };
  const grounds = [colours.ground, colours.surface];
  if ("ground" in chosen && !("side" in chosen)) colours.side = mixed(colours.text, 0.04, colours.ground);
  grounds.push(colours.side);
  if (scheme === "dark" && !("accent" in chosen) && "accent" in light) {
    colours.accent = readableAccent(light.accent, grounds, colours.surface) ?? own.dark.accent;
  }
  const first = (candidates, on) => candidates.find((each) => least(each, on) >= TEXT);
  const each = (name) => [scheme, "light", "dark"].map((one) => own[one][name]);
  if (!("text" in chosen)) colours.text = first(each("text"), grounds) ?? own[scheme].text;
  if (!("highlight" in chosen)) {
    colours.highlight = first(each("highlight"), [colours.text]) ?? own[scheme].highlight;
  }
  for (const [name, ratio] of [["muted", TEXT], ["danger", TEXT], ["line-strong", CONTROL]]) {
    if (!(name in chosen)) colours[name] = nearest(colours[name], grounds, ratio) ?? own[scheme][name];
  }
  if (!("line" in chosen) && "surface" in chosen) colours.line = mixed(colours.text, 0.14, colours.surface);
  if (!("on-accent" in chosen)) {
    const best = [own[scheme]["on-accent"], "#ffffff", "#000000"];
    colours["on-accent"] = first(best, [colours.accent]) ?? "#000000";
  }
  return colours;
}

/** The pairs that cannot be read: {name, on, found, ratio, passing}. */
export function unreadable(colours, pairs) {
  const seen = { ...colours, soft: mixed(colours.accent, SOFT, colours.surface) };
  const told = new Map();
  for (const [name, on, ratio] of pairs) {
    const found = contrast(seen[name], seen[on]);
    if (found >= ratio || told.has(name)) continue;
    const others = pairs.filter((pair) => pair[0] === name && pair[2] === ratio).map((pair) => pair[1]);
    const grounds = others.filter((other) => name !== "accent" || other !== "soft").map((other) => seen[other]);
    const passing =
      name === "accent" ? readableAccent(seen.accent, grounds, seen.surface) : nearest(seen[name], grounds, ratio);
    told.set(name, { name, on, found: Math.floor(found * 100) / 100, ratio, passing });
  }
  return [...told.values()];
}

function readableAccent(accent, grounds, surface) {
  let found = accent;
  for (let round = 0; round < ROUNDS; round += 1) {
    found = nearest(found, [...grounds, mixed(found, SOFT, surface)], TEXT);
    if (found === null || contrast(found, mixed(found, SOFT, surface)) >= TEXT) return found;
  }
  return null;
}

function luminance(colour) {
  const [red, green, blue] = channels(colour).map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
}

function linear(channel) {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}

function gamma(channel) {
  const held = Math.min(1, Math.max(0, channel));
  return held <= 0.0031308 ? 12.92 * held : 1.055 * held ** (1 / 2.4) - 0.055;
}

function toLab(colour) {
  const [red, green, blue] = channels(colour).map(linear);
  const long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3);
  const medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3);
  const short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}

function fromLab([lightness, a, b]) {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
  return "#" + rgb.map((each) => Math.round(255 * gamma(each)).toString(16).padStart(2, "0")).join("");
}
