// What the server suggests for a text, as flat rows: {group, text, href, picture}. No answer is no rows.

const GROUPS = [
  ["categories", "/c/"],
  ["shops", "/shops/"],
  ["products", "/p/"],
];

export async function suggestionsFor(source, text, signal) {
  const response = await fetch(`${source}?q=${encodeURIComponent(text)}`, {
    headers: { Accept: "application/json" },
    signal,
  });
  if (!response.ok) return [];
  const answer = await response.json();
  return GROUPS.flatMap(([group, path]) => (answer[group] ?? []).map((one) => row(group, path, one)));
}

function row(group, path, one) {
  return {
    group,
    text: one.name ?? one.title,
    href: one.url ?? `${path}${one.slug}/`,
    picture: one.picture ?? one.image ?? null,
  };
}
