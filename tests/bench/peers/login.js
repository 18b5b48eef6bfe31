// The same login through k6: JSON built, answer parsed, status and token checked.
import { check } from 'k6';
import http from 'k6/http';

export const options = { vus: 20, duration: '600s', thresholds: { checks: ['rate==1'] } };
const headers = {
  'X-operating-sys-version': 'Ubuntu 24.04',
  'X-device-fingerprint': '0123456789abcdef0123456789abcdef',
  'X-device-ip': '10.1.2.3',
  'X-agent': 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0',
  'X-L': 'zh',
  'X-client-id': 'DRrYIqauawN0I8myTMoDTPys6ezGZxnm',
  'Content-Type': 'application/json;charset=utf8',
};

export default function () {
  const number = String(__ITER % 1000).padStart(7, '0');
  const body = JSON.stringify({ user_name: `load${number}`, password: `Initial-${number}` });
  const response = http.post(`${__ENV.TARGET}/api/v2/sdk/login`, body, { headers });
  check(response, {
    right: (r) => r.status === 200 && r.json('status') === 'PASSWORD_EXPIRED' && !!r.json('state_token'),
  });
}
