// Dark or light: as the address says (`?theme=light`), or else as it was chosen last. Dark is Grafana's own choice.

const KEY = 'theme';

export function isLight(): boolean {
  const chosen = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(KEY);
  return chosen === 'light';
}

/** Colors are computed when the page starts, so it starts anew. */
export function switchTheme() {
  localStorage.setItem(KEY, isLight() ? 'dark' : 'light');
  const address = new URL(location.href);
  address.searchParams.delete('theme');
  location.replace(address);
}
