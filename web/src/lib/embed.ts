// Whether the page is shown inside another one: ?embed leaves out header, footer and navigation. Pure but for the address.

export const embedded = new URLSearchParams(location.search).has('embed');

/** What another page pastes to show the same: `hash` says what. */
export function embedCode(hash: string, title: string): string {
  const url = new URL(location.href);
  url.search = '?embed=learn';
  url.hash = hash;
  const quoted = title.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return `<iframe src="${url.href.replaceAll('&', '&amp;')}" title="${quoted}" width="420" height="400" loading="lazy" style="border:0"></iframe>`;
}
