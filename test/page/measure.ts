/** What a browser has made of the page. Runs in the browser. */
export interface Measured {
  /** The words in their order, blanks joined. */
  readonly text: string;
  /** Pixels that the page is wider than the window. */
  readonly tooWide: number;
  /** Elements with text that reach beyond their window, or lie over one another's text. */
  readonly cut: readonly string[];
  /** Texts that are hard to read, with their contrast. */
  readonly faint: readonly string[];
}

export function measure(): Measured {
  const root = document.documentElement;
  const texts = textsOf(document.body);
  return {
    text: document.body.innerText.replace(/\s+/g, ' '),
    tooWide: root.scrollWidth - root.clientWidth,
    cut: texts.filter(({ box }) => box.right > root.clientWidth + 0.5 || box.left < -0.5).map(({ text }) => text),
    faint: texts.flatMap(({ element, text }) => {
      const ratio = contrastOf(element);
      return ratio < leastContrast(element) ? [`${ratio.toFixed(2)}: ${text}`] : [];
    }),
  };

  function textsOf(from: Node) {
    const walker = document.createTreeWalker(from, NodeFilter.SHOW_TEXT);
    const found: { element: Element; text: string; box: DOMRect }[] = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      if (text === '') continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      found.push({ element: node.parentElement!, text, box: range.getBoundingClientRect() });
    }
    return found;
  }

  /** WCAG 2.2, success criterion 1.4.3. */
  function leastContrast(element: Element): number {
    const { fontSize, fontWeight } = getComputedStyle(element);
    const pixels = Number.parseFloat(fontSize);
    return pixels >= 24 || (pixels >= 18.66 && Number(fontWeight) >= 700) ? 3 : 4.5;
  }

  function contrastOf(element: Element): number {
    const [one, other] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))].sort(
      (a, b) => b - a,
    );
    return (one! + 0.05) / (other! + 0.05);
  }

  function backgroundOf(element: Element): string {
    for (let each: Element | null = element; each !== null; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each);
      if (!/^rgba\(.*, 0\)$/.test(backgroundColor)) return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  }

  function luminance(color: string): number {
    const channels = color
      .match(/[\d.]+/g)!
      .slice(0, 3)
      .map(Number);
    const [red, green, blue] = channels.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  }
}
