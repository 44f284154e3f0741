// Ways to break a dashboard, each of which check.mjs must find. They change order-service.json in place.

const panel = (dashboard, type) => dashboard.panels.find((candidate) => candidate.type === type);
const withOverride = (dashboard) =>
  dashboard.panels.find((candidate) => candidate.fieldConfig?.overrides.length > 0).fieldConfig.overrides[0];
const annotation = (dashboard) => dashboard.annotations.list.find((candidate) => candidate.builtIn === undefined);

export const breaks = {
  'a uid that is no string': (d) => { d.uid = 7; },
  'a lacking title': (d) => { delete d.title; },
  'a field that Grafana does not know': (d) => { d.tilte = d.title; },
  'an id of a database': (d) => { d.id = 12; },
  'a link of an unknown type': (d) => { d.links[0].type = 'dashboard'; },
  'a variable of an unknown type': (d) => { d.templating.list[0].type = 'querry'; },
  'a variable without a query': (d) => { delete d.templating.list[0].query; },
  'an annotation with its query in the wrong place': (d) => { annotation(d).expr = annotation(d).target.expr; },
  'a panel of an unknown type': (d) => { panel(d, 'timeseries').type = 'graph'; },
  'a panel without a description': (d) => { delete panel(d, 'timeseries').description; },
  'a position that is text': (d) => { panel(d, 'timeseries').gridPos.x = '0'; },
  'a unit that is a number': (d) => { panel(d, 'timeseries').fieldConfig.defaults.unit = 1; },
  'a threshold without a colour': (d) => { delete panel(d, 'stat').fieldConfig.defaults.thresholds.steps[0].color; },
  'an unknown colour mode': (d) => { panel(d, 'stat').fieldConfig.defaults.color.mode = 'rainbow'; },
  'an unknown field option': (d) => { panel(d, 'timeseries').fieldConfig.defaults.custom.fillOpactiy = 10; },
  'an option of another panel type': (d) => { panel(d, 'stat').options.legend = panel(d, 'timeseries').options.legend; },
  'an unknown legend placement': (d) => { panel(d, 'timeseries').options.legend.placement = 'top'; },
  'a heatmap cell layout that is none': (d) => { panel(d, 'heatmap').options.rowsFrame.layout = 'lt'; },
  'a value mapping of an unknown type': (d) => { panel(d, 'state-timeline').fieldConfig.defaults.mappings[0].type = 'values'; },
  'an override of an unknown field': (d) => { withOverride(d).properties[0].id = 'colour'; },
  'an override with a wrong value': (d) => { withOverride(d).properties[0] = { id: 'custom.axisPlacement', value: 'middle' }; },
  'an unknown matcher': (d) => { withOverride(d).matcher.id = 'byNames'; },
  'a query without an expression': (d) => { delete panel(d, 'timeseries').targets[0].expr; },
  'a query of an unknown format': (d) => { panel(d, 'heatmap').targets[0].format = 'histogram'; },
};
