// Draws a dashboard's JSON with Grafana's own components: window.draw(dashboard, {prometheus, from, to, choices}).
// Answers where each panel ends, in pixels from the top.
import {
  createTheme,
  dateTime,
  FieldColorModeId,
  FieldType,
  getDisplayProcessor,
  getFieldDisplayValues,
  rangeUtil,
  getDisplayValueAlignmentFactors,
  ThemeContext,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

const THEME = createTheme({ colors: { mode: 'dark' } });
const [CELL, GAP] = [30, 8];
const SCRAPE = 30;
const LINE = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none',
  axisPlacement: 'auto', axisLabel: '', scaleDistribution: { type: 'linear' }, thresholdsStyle: { mode: 'off' },
  spanNulls: false, showPoints: 'auto', pointSize: 5, stacking: { mode: 'none', group: 'A' }, barAlignment: 0,
};
const COLOUR = { timeseries: FieldColorModeId.PaletteClassic, stat: FieldColorModeId.Thresholds };
// Grafana shades the background of a figure, which a PNG does not compress.
const SOLID = { background: 'background_solid' };

function asked(expr, { choices }, rate) {
  return Object.entries(choices)
    .reduce((text, [name, value]) => text.replaceAll('$' + name, value), expr.replaceAll('$__rate_interval', rate + 's'));
}

async function answer(target, context, width) {
  const { prometheus, from, to } = context;
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
  const step = rangeUtil.calculateInterval(range, width, SCRAPE + 's').intervalMs / 1000;
  const rate = Math.max(step + SCRAPE, 4 * SCRAPE);
  const query = asked(target.expr, context, rate);
  const [path, when] = target.instant ? ['query', { time: to }] : ['query_range', { start: Math.floor(from / step) * step, end: to, step }];
  const said = await (await fetch(`${prometheus}/api/v1/${path}?${new URLSearchParams({ query, ...when })}`)).json();
  if (said.status !== 'success') throw new Error(`${said.error}: ${query}`);
  return said.data.result.map((series) => frame(series, target, step, when));
}

function frame({ metric, value, values = [value] }, target, step, when) {
  const number = ([, text]) => (text === 'NaN' ? NaN : Number(text.replace('Inf', 'Infinity')));
  const found = new Map(values.map((one) => [Number(one[0]), number(one)]));
  const times = when.start === undefined ? [...found.keys()] : [];
  for (let at = when.start; at <= when.end; at += step) times.push(at);
  const name = target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? label);
  return {
    refId: target.refId,
    length: times.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: times.map((at) => at * 1000) },
      { name: 'Value', type: FieldType.number, labels: metric, config: { displayNameFromDS: name }, values: times.map((at) => found.get(at) ?? null) },
    ],
  };
}

function dressed(frames, { type, fieldConfig: { defaults } = {} }) {
  frames.forEach((one, seriesIndex) => {
    for (const field of one.fields) {
      if (field.type === FieldType.number) {
        field.config = { color: { mode: COLOUR[type] }, ...defaults, ...field.config, custom: { ...LINE, ...defaults.custom } };
        field.state = { seriesIndex, displayName: field.config.displayNameFromDS };
      }
      field.display = getDisplayProcessor({ field, theme: THEME, timeZone: 'utc' });
    }
  });
  return frames;
}

function Figure({ panel, frames, width, height }) {
  const { options } = panel;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig: { defaults: { ...panel.fieldConfig.defaults, color: { mode: COLOUR.stat } }, overrides: [] },
      reduceOptions: options.reduceOptions, replaceVariables: (text) => text, theme: THEME, data: frames, timeZone: 'utc',
    });
  return (
    <VizRepeater
      getValues={values} getAlignmentFactors={getDisplayValueAlignmentFactors} source={frames} autoGrid
      itemSpacing={3} orientation={options.orientation} width={width} height={height} renderCounter={0}
      renderValue={({ value, alignmentFactors, width, height, count }) => (
        <BigValue
          value={value.display} count={count} colorMode={SOLID[options.colorMode] ?? options.colorMode} graphMode={options.graphMode} justifyMode={options.justifyMode}
          textMode={options.textMode} text={options.text} wideLayout={options.wideLayout} alignmentFactors={alignmentFactors}
          width={width} height={height} theme={THEME}
        />
      )}
    />
  );
}

function Graph({ panel, frames, width, height, context: { from, to } }) {
  if (!frames.length) return <div className="none">No data</div>;
  const timeRange = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
  timeRange.raw = timeRange;
  return <TimeSeries frames={frames} timeRange={timeRange} timeZone="utc" width={width} height={height} legend={panel.options.legend} theme={THEME} />;
}

function Panel({ panel, frames, left, top, width, height, context }) {
  const Kind = { timeseries: Graph, stat: Figure }[panel.type];
  return (
    <section style={{ left, top, width, height }}>
      <PanelChrome title={panel.title} width={width} height={height} padding="md">
        {(innerWidth, innerHeight) => <Kind panel={panel} frames={frames} width={innerWidth} height={innerHeight} context={context} />}
      </PanelChrome>
    </section>
  );
}

window.draw = async (dashboard, context) => {
  const column = (document.documentElement.clientWidth - GAP) / 24;
  const placed = await Promise.all(
    dashboard.panels.map(async (panel) => {
      const { x, y, w, h } = panel.gridPos;
      const place = { left: GAP + x * column, top: 40 + y * (CELL + GAP), width: w * column - GAP, height: h * (CELL + GAP) - GAP };
      const frames = (await Promise.all((panel.targets ?? []).map((one) => answer(one, context, Math.floor(place.width))))).flat();
      return { panel, frames: dressed(frames, panel), ...place };
    }),
  );
  const bottom = Math.max(...placed.map(({ top, height }) => top + height));
  createRoot(document.getElementById('page')).render(
    <ThemeContext.Provider value={THEME}>
      <GlobalStyles />
      <main style={{ height: bottom + GAP }}>
        <h1>{dashboard.title}</h1>
        {placed.map((one) =>
          one.panel.type === 'row' ? (
            <h2 key={one.panel.id} style={{ top: one.top }}>{one.panel.title}</h2>
          ) : (
            <Panel key={one.panel.id} {...one} context={context} />
          ),
        )}
      </main>
    </ThemeContext.Provider>,
  );
  return placed.filter(({ panel }) => panel.type !== 'row').map(({ top, height }) => top + height + GAP);
};
