import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scriptOf } from '../../src/model/script-name.ts';

/** Command line, its arguments separated by spaces, and what runs. */
const LINES: readonly (readonly [line: string, script: string | undefined])[] = [
  ['python3 /srv/shop.py --port 80', 'shop.py'],
  ['/usr/bin/python3.11 -u -W ignore -X dev shop.py', 'shop.py'],
  ['python3 -Wonce -Xfrozen_modules=off shop.py', 'shop.py'],
  ['python3 -m http.server 80', 'http.server'],
  ['python3 -um uvicorn shop:app', 'uvicorn'],
  ['python3 -mhttp.server', 'http.server'],
  ['python3 -c import_this shop.py', undefined],
  ['python3 -Ic import_this', undefined],
  ['python3 -', undefined],
  ['python3', undefined],
  ['/usr/bin/python3 /usr/local/bin/gunicorn shop:app', 'gunicorn'],
  ['java -Xmx4g -Da=b -cp /a:/b org.apache.kafka.Kafka server.properties', 'org.apache.kafka.Kafka'],
  ['/opt/jdk/bin/java --add-opens java.base/x=ALL -jar /opt/billing-1.4.jar -m x', 'billing-1.4.jar'],
  ['java @/opt/options -p mods -m shop/com.example.Main', 'com.example.Main'],
  ['java --module=shop/com.example.Main', 'com.example.Main'],
  ['java -jar', undefined],
  ['node --inspect -r ./hook.js /opt/shop/server.js --port 80', 'server.js'],
  ['node -e code server.js', undefined],
  ['ruby -Ilib -r set bin/rails server', 'rails'],
  ['perl -MSelenium -I lib crawl.pl', 'crawl.pl'],
  ['perl -ne print', undefined],
  ['php -d a=b -S 0.0.0.0:80 -t public router.php', 'router.php'],
  ['php -f worker.php', 'worker.php'],
  ['php -r code', undefined],
  ['dotnet exec --runtimeconfig a.json /app/Shop.dll', 'Shop.dll'],
  ['dotnet run --project Shop', undefined],
  ['C:\\Python\\python.exe C:\\srv\\shop.py', 'shop.py'],
  ['node -- --odd.js', '--odd.js'],
  ['nginx: worker process', undefined],
  ['pythonic shop.py', undefined],
  ['', undefined],
];

describe('scriptOf', () => {
  for (const [line, script] of LINES) {
    it(`"${line}" runs ${script ?? 'no file'}`, () => assert.equal(scriptOf(line.split(' ')), script));
  }

  it('has no answer for no arguments', () => assert.equal(scriptOf([]), undefined));
});
