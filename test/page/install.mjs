import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSuite } from '../../scripts/install-suite.mjs';

installSuite(dirname(fileURLToPath(import.meta.url)), 'test:page: installing puppeteer-core (57 MB)');
