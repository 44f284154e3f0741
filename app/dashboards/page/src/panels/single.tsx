import { getFieldDisplayValues, getDisplayValueAlignmentFactors, getDisplayProcessor, VizOrientation, FieldType } from '@grafana/data';
import { BigValue, BarGauge, VizRepeater, useTheme2, DataLinksContextMenu, BigValueTextMode } from '@grafana/ui';

const linked = (value: any, draw: (onClick?: any) => any) =>
  value.hasLinks && value.getLinks ? <DataLinksContextMenu links={value.getLinks}>{(api: any) => draw(api.openMenu)}</DataLinksContextMenu> : draw();

export function StatPanel({ data, width, height, options, fieldConfig, replaceVariables, timeZone, renderCounter }: any) {
  const theme = useTheme2();
  const values = () => getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, replaceVariables, theme, data: data.series, sparkline: options.graphMode !== 'none', timeZone });
  return <VizRepeater source={data} getValues={values} getAlignmentFactors={getDisplayValueAlignmentFactors} width={width} height={height} itemSpacing={3} orientation={options.orientation} autoGrid renderCounter={renderCounter}
    renderValue={({ value, width: w, height: h, count, alignmentFactors }: any) => linked(value, (onClick) =>
      <BigValue value={value.display} count={count} sparkline={value.sparkline} colorMode={options.colorMode} graphMode={options.graphMode} justifyMode={options.justifyMode}
        textMode={options.textMode === 'auto' && count === 1 && !value.field.displayName ? BigValueTextMode.Value : options.textMode} alignmentFactors={alignmentFactors} text={options.text} width={w} height={h} theme={theme} onClick={onClick} />)} />;
}

export function BarGaugePanel({ data, width, height, options, fieldConfig, replaceVariables, timeZone, renderCounter }: any) {
  const theme = useTheme2();
  const values = () => getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, replaceVariables, theme, data: data.series, timeZone });
  const orientation = options.orientation === 'auto' ? (width > height ? VizOrientation.Vertical : VizOrientation.Horizontal) : options.orientation;
  const sizes = options.sizing === 'manual' ? { minVizWidth: options.minVizWidth, minVizHeight: options.minVizHeight, maxVizHeight: options.maxVizHeight } : { minVizWidth: 8, minVizHeight: 16, maxVizHeight: 300 };
  return <VizRepeater source={data} getValues={values} getAlignmentFactors={getDisplayValueAlignmentFactors} width={width} height={height} itemSpacing={options.displayMode === 'lcd' ? 2 : 10} orientation={orientation} renderCounter={renderCounter} {...sizes}
    renderValue={({ value, width: w, height: h, count, orientation: o, alignmentFactors }: any) => linked(value, (onClick) =>
      <BarGauge value={count === 1 && !value.display.title ? { ...value.display, title: undefined } : value.display} width={w} height={h} orientation={o} field={value.field} text={options.text} theme={theme} itemSpacing={10}
        display={value.view?.getFieldDisplayProcessor?.(value.colIndex ?? 0) ?? getDisplayProcessor({ field: { name: '', type: FieldType.number, config: value.field, values: [] } as any, theme })}
        displayMode={options.displayMode} onClick={onClick} alignmentFactors={count > 1 ? alignmentFactors : undefined} showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} />)} />;
}
