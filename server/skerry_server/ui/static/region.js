// A part of a page that comes as HTML: what differs is changed in place, so that focus, selection, open details and
// ticked rows stay, pictures are not fetched again, and a screen reader hears of what is new alone.
export default {
  template: "<div></div>",
  props: { content: String },
  mounted() {
    this.$el.innerHTML = this.content;
  },
  watch: {
    content(next) {
      const wanted = document.createElement("template");
      wanted.innerHTML = next;
      morph(this.$el, wanted.content);
    },
  },
};

// Make the children of `have` those of `want`; ones with a data-key are known again wherever they have moved.
function morph(have, want) {
  const known = new Map();
  for (const one of have.children) if (one.dataset.key) known.set(one.dataset.key, one);
  let at = have.firstChild;
  for (const next of [...want.childNodes]) {
    const key = next.dataset?.key;
    const same = key ? known.get(key) : at && !at.dataset?.key ? at : null;
    if (same && isSameKind(same, next)) {
      if (same === at) at = at.nextSibling;
      else have.insertBefore(same, at);
      change(same, next);
    } else {
      have.insertBefore(next, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function isSameKind(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}

function change(have, want) {
  if (have.nodeType !== Node.ELEMENT_NODE) {
    if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
    return;
  }
  for (const { name, value } of want.attributes) {
    if (have.getAttribute(name) !== value) have.setAttribute(name, value);
  }
  for (const { name } of [...have.attributes]) {
    // Whether details are open is the reader's choice.
    if (!want.hasAttribute(name) && !(name === "open" && have.nodeName === "DETAILS")) have.removeAttribute(name);
  }
  morph(have, want);
}
