// The page: which dashboard its address names, drawn.
import './boot';
import { type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router-dom';
import { ThemeContext } from '@grafana/data';
import { config, locationService, LocationServiceProvider } from '@grafana/runtime';
import { UrlSyncContextProvider } from '@grafana/scenes';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { Failure, Heading } from './notes';
import { report, type Report } from './report';
import { startRuntime } from './runtime';
import { sceneOf, type DashboardScene } from './scene';
import * as server from './server';

declare global {
  interface Window {
    /** For tests. */
    dashboards?: { report: () => Report };
  }
}

async function main() {
  const uid = location.pathname.split('/')[2] ?? '';
  const [sources, dashboards, dashboard] = await Promise.all([server.sources(), server.dashboards(), server.dashboard(uid).catch((error: unknown) => message(error))]);
  await startRuntime(sources);
  if (typeof dashboard === 'string') {
    render(<Failure reason={dashboard} dashboards={dashboards} />);
    return;
  }
  const title = dashboard.title ?? uid;
  document.title = title;
  const made = sceneOf(dashboard, dashboards, new URLSearchParams(location.search).has('all'));
  window.dashboards = { report: () => report(made.scene) };
  render(<Page title={title} made={made} />);
}

function Page({ title, made: { scene, faults } }: { title: string; made: DashboardScene }) {
  return (
    <UrlSyncContextProvider scene={scene} updateUrlOnInit={false} createBrowserHistorySteps>
      <Heading title={title} faults={faults} />
      <scene.Component model={scene} />
    </UrlSyncContextProvider>
  );
}

function render(content: ReactNode) {
  const root = document.getElementById('root');
  if (!root) {
    throw new Error('index.html has a root');
  }
  // Grafana's styles make the body as wide as the window.
  document.body.style.margin = '0';
  createRoot(root).render(
    <ThemeContext.Provider value={config.theme2}>
      <GlobalStyles />
      <BrowserRouter>
        <LocationServiceProvider service={locationService}>
          <div style={{ padding: 16, minHeight: '100vh', display: 'flex', flexDirection: 'column' }}>{content}</div>
        </LocationServiceProvider>
      </BrowserRouter>
      <PortalContainer />
    </ThemeContext.Provider>,
  );
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  document.body.textContent = message(error);
});
