/** Makes elements, and changes what is shown into what is to be shown without replacing it. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | number | false | null | undefined} Child
 * @typedef {Record<string, string | number | boolean | null | undefined>} Attributes
 */

/**
 * An HTML element. Attributes that are `false` or missing are left out; text is text, never markup.
 *
 * @param {string} tag
 * @param {Attributes} attributes
 * @param {...(Child | Child[])} children
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 *
 * @param {string} tag
 * @param {Attributes} attributes
 * @param {...(Child | Child[])} children
 */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {Array<Child | Child[]>} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === false || child === null || child === undefined || child === "") continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
  return element;
}

/**
 * Shows `children` in `container`. What is there already stays the same element, so that focus, selection, scroll
 * position and opened details survive. Children with a `data-key` are found by it, the others by their place.
 *
 * @param {Element} container
 * @param {...Child} children
 */
export function show(container, ...children) {
  morphChildren(container, [...fill(document.createElement("div"), {}, children).childNodes]);
}

/**
 * @param {Element} container
 * @param {Node[]} wanted
 */
function morphChildren(container, wanted) {
  const keyed = new Map();
  for (const child of container.children) if (keyOf(child)) keyed.set(keyOf(child), child);

  /** @type {ChildNode | null} */
  let place = container.firstChild;
  for (const next of wanted) {
    const key = keyOf(next);
    const same = key ? keyed.get(key) : place && !keyOf(place) && place.nodeName === next.nodeName && place;
    if (!same) {
      container.insertBefore(next, place);
    } else {
      if (same === place) place = same.nextSibling;
      else move(container, same, place);
      morph(same, next);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

/**
 * @param {Node} current
 * @param {Node} next
 */
function morph(current, next) {
  if (current instanceof Text && current.data !== next.textContent) current.data = next.textContent ?? "";
  if (!(current instanceof Element) || !(next instanceof Element)) return;
  for (const { name } of [...current.attributes]) {
    if (!next.hasAttribute(name) && !(name === "open" && current.nodeName === "DETAILS")) {
      current.removeAttribute(name);
    }
  }
  for (const { name, value } of next.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  morphChildren(current, [...next.childNodes]);
}

/**
 * Moves a child, where the browser can without taking the focus from it.
 *
 * @param {Element} container
 * @param {Node} child
 * @param {Node | null} place
 */
function move(container, child, place) {
  if (typeof container.moveBefore === "function") container.moveBefore(child, place);
  else container.insertBefore(child, place);
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof Element ? node.getAttribute("data-key") : null;
}
