// Single values: as large numbers, or as bars.
import type { JSX } from 'react';
import {
  FieldType,
  getDisplayProcessor,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  VizOrientation,
  type FieldDisplay,
  type PanelProps,
  type ReduceDataOptions,
} from '@grafana/data';
import type { BarGaugeDisplayMode, BarGaugeNamePlacement, BarGaugeValueMode, VizTextDisplayOptions } from '@grafana/schema';
import {
  BarGauge,
  BigValue,
  BigValueGraphMode,
  BigValueTextMode,
  DataLinksContextMenu,
  useTheme2,
  VizRepeater,
  type BigValueColorMode,
  type BigValueJustifyMode,
  type DataLinksContextMenuApi,
} from '@grafana/ui';

interface SingleOptions {
  reduceOptions: ReduceDataOptions;
  orientation: VizOrientation;
  text?: VizTextDisplayOptions;
}

interface StatOptions extends SingleOptions {
  colorMode: BigValueColorMode;
  graphMode: BigValueGraphMode;
  justifyMode: BigValueJustifyMode;
  textMode: BigValueTextMode;
  wideLayout: boolean;
}

interface BarGaugeOptions extends SingleOptions {
  displayMode: BarGaugeDisplayMode;
  valueMode: BarGaugeValueMode;
  namePlacement: BarGaugeNamePlacement;
  showUnfilled: boolean;
  sizing: 'auto' | 'manual';
  minVizWidth: number;
  minVizHeight: number;
  maxVizHeight: number;
}

/** Opens the links of a value, if it has any. */
function linked(value: FieldDisplay, draw: (open?: DataLinksContextMenuApi['openMenu']) => JSX.Element): JSX.Element {
  return value.hasLinks && value.getLinks ? <DataLinksContextMenu links={value.getLinks}>{({ openMenu }) => draw(openMenu)}</DataLinksContextMenu> : draw();
}

export function StatPanel({ data, width, height, options, fieldConfig, replaceVariables, timeZone, renderCounter }: PanelProps<StatOptions>) {
  const theme = useTheme2();
  const sparkline = options.graphMode !== BigValueGraphMode.None;
  const values = () =>
    getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, replaceVariables, theme, data: data.series, sparkline, timeZone });
  // The title of the panel says what a lone value is.
  const textMode = (value: FieldDisplay, count: number) =>
    options.textMode === BigValueTextMode.Auto && count === 1 && !value.field.displayName ? BigValueTextMode.Value : options.textMode;
  return (
    <VizRepeater
      source={data}
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      width={width}
      height={height}
      itemSpacing={3}
      orientation={options.orientation}
      autoGrid
      renderCounter={renderCounter}
      renderValue={({ value, width, height, count, alignmentFactors }) =>
        linked(value, (open) => (
          <BigValue
            value={value.display}
            count={count}
            sparkline={value.sparkline}
            colorMode={options.colorMode}
            graphMode={options.graphMode}
            justifyMode={options.justifyMode}
            textMode={textMode(value, count)}
            alignmentFactors={alignmentFactors}
            text={options.text}
            width={width}
            height={height}
            theme={theme}
            disableWideLayout={!options.wideLayout}
            onClick={open}
          />
        ))
      }
    />
  );
}

export function BarGaugePanel({ data, width, height, options, fieldConfig, replaceVariables, timeZone, renderCounter }: PanelProps<BarGaugeOptions>) {
  const theme = useTheme2();
  const values = () => getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, replaceVariables, theme, data: data.series, timeZone });
  const automatic = width > height ? VizOrientation.Vertical : VizOrientation.Horizontal;
  const { minVizWidth, minVizHeight, maxVizHeight } = options.sizing === 'manual' ? options : { minVizWidth: 8, minVizHeight: 16, maxVizHeight: 300 };
  const display = ({ view, colIndex, field }: FieldDisplay) =>
    view?.getFieldDisplayProcessor(colIndex ?? 0) ?? getDisplayProcessor({ field: { type: FieldType.number, config: field }, theme });
  return (
    <VizRepeater
      source={data}
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      width={width}
      height={height}
      itemSpacing={options.displayMode === 'lcd' ? 2 : 10}
      orientation={options.orientation === VizOrientation.Auto ? automatic : options.orientation}
      renderCounter={renderCounter}
      minVizWidth={minVizWidth}
      minVizHeight={minVizHeight}
      maxVizHeight={maxVizHeight}
      renderValue={({ value, width, height, count, orientation, alignmentFactors }) =>
        linked(value, (open) => (
          <BarGauge
            value={value.display}
            width={width}
            height={height}
            orientation={orientation}
            field={value.field}
            text={options.text}
            theme={theme}
            itemSpacing={10}
            display={display(value)}
            displayMode={options.displayMode}
            onClick={open}
            alignmentFactors={count > 1 ? alignmentFactors : undefined}
            showUnfilled={options.showUnfilled}
            valueDisplayMode={options.valueMode}
            namePlacement={options.namePlacement}
          />
        ))
      }
    />
  );
}
