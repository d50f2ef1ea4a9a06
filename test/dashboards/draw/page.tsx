import 'uplot/dist/uPlot.min.css';
import '@grafana/react-data-grid/lib/styles.css';
import { createTheme, type DataFrame, type GrafanaTheme2, ThemeContext } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';
import type { Drawing, DrawnPanel, PanelReport } from '../drawing.ts';
import { configure, unknownUnits } from './field-config.ts';
import { framesOf } from './frames.ts';
import { transform } from './transform.ts';
import { Visual } from './visuals.tsx';

/** Grafana's grid. */
const CELL = 30;
const GAP = 8;

declare global {
  interface Window {
    draw: (drawing: Drawing) => Promise<void>;
    report: () => PanelReport[];
  }
}

let root: Root | undefined;
let drawn: Drawing | undefined;

/** Draws a dashboard into the page; the page is as high as it needs. */
window.draw = async (drawing) => {
  const theme = createTheme({ colors: { mode: drawing.theme } });
  const frames = await Promise.all(drawing.panels.map((panel) => prepare(panel, drawing, theme)));
  drawn = drawing;
  root?.unmount();
  root = createRoot(document.getElementById('root')!);
  flushSync(() => root!.render(<Page drawing={drawing} frames={frames} theme={theme} />));
};

window.report = () =>
  (drawn?.panels ?? []).map(({ panel }) => ({
    title: panel.title,
    text: (document.querySelector(`[data-panel="${panel.id}"]`) as HTMLElement).innerText,
    unknownUnits: unknownUnits(panel),
  }));

async function prepare({ panel, answers }: DrawnPanel, drawing: Drawing, theme: GrafanaTheme2): Promise<DataFrame[]> {
  const frames = answers.flatMap((answer) => framesOf(answer, drawing, answers.length > 1));
  return configure(panel, await transform(panel, frames), theme);
}

interface PageProps {
  readonly drawing: Drawing;
  readonly frames: readonly DataFrame[][];
  readonly theme: GrafanaTheme2;
}

function Page({ drawing, frames, theme }: PageProps) {
  const rows = Math.max(...drawing.panels.map(({ panel }) => panel.gridPos.y + panel.gridPos.h));
  return (
    <ThemeContext.Provider value={theme}>
      <MemoryRouter>
        <GlobalStyles />
        <div
          style={{
            position: 'relative',
            width: drawing.width,
            height: rows * (CELL + GAP),
            background: theme.colors.background.canvas,
          }}
        >
          {drawing.panels.map(({ panel }, index) => (
            <Placed key={panel.id} panel={panel} frames={frames[index]!} drawing={drawing} theme={theme} />
          ))}
        </div>
      </MemoryRouter>
    </ThemeContext.Provider>
  );
}

function Placed({
  panel,
  frames,
  drawing,
  theme,
}: {
  panel: DrawnPanel['panel'];
  frames: DataFrame[];
  drawing: Drawing;
  theme: GrafanaTheme2;
}) {
  const { x, y, w, h } = panel.gridPos;
  const column = (drawing.width - GAP) / 24;
  const [width, height] = [w * column - GAP, h * (CELL + GAP) - GAP];
  const style = { position: 'absolute', left: GAP + x * column, top: GAP + y * (CELL + GAP), width, height } as const;
  if (panel.type === 'row') {
    return (
      <h4 data-panel={panel.id} style={{ ...style, margin: 0, padding: 4, color: theme.colors.text.primary }}>
        {panel.title}
      </h4>
    );
  }
  return (
    <div data-panel={panel.id} style={style}>
      <PanelChrome title={panel.title} width={width} height={height} padding={panel.type === 'table' ? 'none' : 'md'}>
        {(innerWidth, innerHeight) => (
          <Visual
            panel={panel}
            frames={frames}
            drawing={drawing}
            theme={theme}
            width={innerWidth}
            height={innerHeight}
          />
        )}
      </PanelChrome>
    </div>
  );
}
