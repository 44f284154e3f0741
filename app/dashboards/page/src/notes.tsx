// What the page says about itself.
import { SceneObjectBase, type SceneComponentProps, type SceneObjectState } from '@grafana/scenes';
import { Alert, Button, Icon, LinkButton, PanelChrome, Text, Tooltip } from '@grafana/ui';
import type { Summary } from './server';
import { isLight, switchTheme } from './theme';

/** Above every dashboard. */
export function Heading({ title, faults }: { title: string; faults: string[] }) {
  return (
    <header>
      <div style={{ display: 'flex', alignItems: 'center', gap: 16, marginBottom: 8 }}>
        <Text element="h1" variant="h4">
          {title}
        </Text>
        <Text variant="bodySmall" color="secondary">
          A viewer of Grafana’s dashboards, made with Grafana’s own packages. It is not Grafana: nothing can be edited or saved here.
        </Text>
        <div style={{ flexGrow: 1 }} />
        <Button fill="text" variant="secondary" size="sm" onClick={switchTheme}>
          {isLight() ? 'Dark theme' : 'Light theme'}
        </Button>
        <LinkButton fill="text" variant="secondary" size="sm" href="/licences.txt">
          Licences
        </LinkButton>
      </div>
      {faults.map((fault) => (
        <Alert key={fault} severity="warning" title={fault} />
      ))}
    </header>
  );
}

/** In place of a dashboard that there is none of, or whose file cannot be read. */
export function Failure({ reason, dashboards }: { reason: string; dashboards: Summary[] }) {
  return (
    <div>
      <Heading title="Dashboards" faults={[]} />
      <Alert severity="error" title="This dashboard can’t be shown">
        {reason}
      </Alert>
      <div>
        {dashboards.map(({ uid, title }) => (
          <LinkButton key={uid} fill="text" href={`/d/${uid}`}>
            {title}
          </LinkButton>
        ))}
      </div>
    </div>
  );
}

interface PanelLimitsState extends SceneObjectState {
  limits: string[];
}

/** In the title of a panel: what of it is not drawn. */
export class PanelLimits extends SceneObjectBase<PanelLimitsState> {
  static Component = PanelLimitsView;
}

function PanelLimitsView({ model }: SceneComponentProps<PanelLimits>) {
  const { limits } = model.useState();
  return (
    <Tooltip content={limits.join(' ')}>
      <PanelChrome.TitleItem>
        <Icon name="exclamation-triangle" size="md" />
      </PanelChrome.TitleItem>
    </Tooltip>
  );
}
