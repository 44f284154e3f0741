import './boot';
import { createRoot } from 'react-dom/client';
import { ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { config, locationService, LocationServiceProvider } from '@grafana/runtime';
import { UrlSyncContextProvider, SceneReactObject, sceneUtils } from '@grafana/scenes';
import { BrowserRouter } from 'react-router-dom';
import { start } from './runtime';
import { panels } from './panels';
import { dashboardToScene } from './dashboard';
import { DashboardLinks } from './links';
import { report } from './report';

async function main() {
  const json = async (path: string) => (await fetch(path)).json();
  const uid = location.pathname.split('/')[2];
  const [sources, dashboards, { dashboard: d }] = await Promise.all([json('/api/datasources'), json('/api/search'), json(`/api/dashboards/uid/${uid}`)]);
  await start(sources);
  for (const [pluginId, plugin] of Object.entries(panels())) { sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin: plugin as any }); }
  document.title = d.title;
  const links = new SceneReactObject({ component: DashboardLinks as any, props: { links: d.links, dashboards } as any });
  const scene = dashboardToScene(d, [links]);
  (window as any).dashboards = { report: () => report(scene) };
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={config.theme2}>
      <GlobalStyles />
      <BrowserRouter>
        <LocationServiceProvider service={locationService}>
          <UrlSyncContextProvider scene={scene} updateUrlOnInit={false} createBrowserHistorySteps>
            <div style={{ padding: '16px', minHeight: '100vh', display: 'flex', flexDirection: 'column' }}>
              <h1 style={{ fontSize: 18, marginBottom: 8 }}>{d.title}</h1>
              <scene.Component model={scene} />
            </div>
          </UrlSyncContextProvider>
        </LocationServiceProvider>
      </BrowserRouter>
      <PortalContainer />
    </ThemeContext.Provider>);
}
main().catch((e) => { document.body.innerText = String(e?.stack ?? e); });
