// Words and numbers for people, and elements that hold them. Whatever comes from outside is put in as text.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function make(kind, attributes = {}, ...inside) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

function draw(kind, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

// "1 234", "12.3", "0.45": three digits are as much as a chart can show.
function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const decimals = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value
    .toLocaleString("en-GB", { minimumFractionDigits: 0, maximumFractionDigits: decimals })
    .replaceAll(",", "\u202f");
}

// "0:07", "12:30", "1:02:03" of the run's clock.
function moment(seconds) {
  const whole = Math.max(Math.floor(seconds), 0),
    two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600),
    minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function text(id, words) {
  const element = byId(id);
  if (element.textContent !== words) element.textContent = words;
}

function length(seconds) {
  if (seconds === null) return null;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds),
    minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

const percent = (share) =>
  share === null ? "–" : share > 0 && share < 0.0001 ? "< 0.01 %" : `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
const count = (number) => (number === null ? "–" : number.toLocaleString("en-GB").replaceAll(",", "\u202f"));

// Characters that cannot be seen, or that turn the words after them around, are shown as what they are.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function visible(value) {
  if (typeof value === "string")
    return value.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (Array.isArray(value)) return value.map(visible);
  return value && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, visible(one)]))
    : value;
}

// An outcome, its words for people, and its colour in the charts.
const OUTCOMES = [
  ["right_accept", "accepted, right", 3],
  ["right_reject", "refused, right", 7],
  ["shed", "shed", 2],
  ["unknown", "unknown", 5],
  ["not_sent", "not sent", 8],
  ["wrong_reject", "wrongly refused", 6],
  ["contract_violation", "contract violation", 1],
  ["wrong_accept", "wrongly accepted", 4],
];
