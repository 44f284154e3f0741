// The variables of a dashboard.
import type { VariableModel } from '@grafana/schema';
import { ConstantVariable, CustomVariable, IntervalVariable, QueryVariable, TextBoxVariable, type SceneDataQuery, type SceneVariable } from '@grafana/scenes';

/** @throws for a type that is not known here */
export function variableOf(model: VariableModel): SceneVariable {
  const { name, description, hide, skipUrlSync } = model;
  const common = { name, label: model.label ?? undefined, description: description ?? undefined, hide: hide as never, skipUrlSync };
  const choice = {
    isMulti: model.multi,
    includeAll: model.includeAll,
    allValue: model.allValue ?? undefined,
    value: model.current?.value ?? '',
    text: model.current?.text ?? '',
  };
  const query = typeof model.query === 'string' ? model.query : '';
  switch (model.type) {
    case 'query':
      return new QueryVariable({
        ...common,
        ...choice,
        datasource: model.datasource,
        query: (model.query ?? '') as string | SceneDataQuery,
        regex: model.regex,
        refresh: model.refresh,
        sort: model.sort,
      });
    case 'custom':
      return new CustomVariable({ ...common, ...choice, query });
    case 'constant':
      return new ConstantVariable({ ...common, value: query });
    case 'textbox':
      return new TextBoxVariable({ ...common, value: query });
    case 'interval':
      return new IntervalVariable({ ...common, intervals: query.split(','), value: String(choice.value), autoEnabled: false });
    default:
      throw new Error(`The variable ${name} is of the type ${model.type}, which is not known here.`);
  }
}
