// Contrast of what stands on a page, as the accessibility guidelines measure it.

/** Every visible text with its colour and what is behind it; `large` as the guidelines mean it. */
export function colours(page) {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const channels = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const behind = (element) => {
      for (let node = element; node; node = node.parentElement) {
        const colour = channels(getComputedStyle(node).backgroundColor);
        if (colour[3] > 200) return colour.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const found = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (element.closest('.unseen, script, noscript, [aria-hidden="true"], :disabled')) continue;
      const style = getComputedStyle(element);
      const size = Number.parseFloat(style.fontSize);
      const pair = {
        text: channels(style.color).slice(0, 3),
        behind: behind(element),
        large: size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700),
        where: `${element.tagName.toLowerCase()}.${element.className}: ${node.data.trim().slice(0, 30)}`,
      };
      found.set(JSON.stringify([pair.text, pair.behind, pair.large]), pair);
    }
    return [...found.values()];
  });
}

/** At least 4.5 to 1, for large letters 3 to 1. */
export function isContrastGood({ text, behind, large }) {
  const [lighter, darker] = [luminance(text), luminance(behind)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05) >= (large ? 3 : 4.5);
}

function luminance(channels) {
  const [red, green, blue] = channels.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
