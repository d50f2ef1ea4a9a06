import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSuite } from '../../scripts/install-suite.mjs';

// Some of Grafana's packages name peers they do not need here, and two run scripts that they do not need either.
const folder = dirname(fileURLToPath(import.meta.url));
installSuite(folder, 'test:dashboards: installing Grafana components (480 MB)', ['--legacy-peer-deps']);
