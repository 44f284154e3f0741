// The standard options of a field, with the processors that @grafana/data has for them.
import {
  booleanOverrideProcessor,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
  type FieldConfigPropertyItem,
} from '@grafana/data';

const thresholds = {
  mode: 'absolute',
  steps: [
    { value: -Infinity, color: 'green' },
    { value: 80, color: 'red' },
  ],
};

export function standardFieldOptions(): FieldConfigPropertyItem[] {
  return [
    option('unit', unitOverrideProcessor),
    option('min', numberOverrideProcessor),
    option('max', numberOverrideProcessor),
    option('fieldMinMax', booleanOverrideProcessor),
    option('decimals', numberOverrideProcessor),
    option('displayName', displayNameOverrideProcessor),
    option('color', identityOverrideProcessor),
    option('noValue', stringOverrideProcessor),
    option('links', dataLinksOverrideProcessor),
    option('actions', identityOverrideProcessor),
    option('mappings', valueMappingsOverrideProcessor, []),
    option('filterable', booleanOverrideProcessor),
    option('thresholds', thresholdsOverrideProcessor, thresholds),
  ];
}

// Each processor has settings of its own type, and none is needed here.
function option<Settings extends object>(id: string, process: FieldConfigPropertyItem<object, unknown, Settings>['process'], defaultValue?: unknown): FieldConfigPropertyItem {
  const item: FieldConfigPropertyItem<object, unknown, Settings> = {
    id,
    path: id,
    name: id,
    process,
    defaultValue,
    shouldApply: () => true,
    editor: () => null,
    override: () => null,
  };
  return item as FieldConfigPropertyItem;
}
