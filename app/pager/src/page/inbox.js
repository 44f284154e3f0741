// The inbox: listens to /events, pairs what fires with what resolves it, and shows each pair as one card.
//
// What is shown comes from elsewhere: it becomes text, never markup, and a link only if it is a web address.
'use strict';

const RECEIVERS = { 'slack': 'Slack', 'pagerduty': 'PagerDuty', 'webhook': 'Webhook', 'dead-mans-switch': "Dead man's switch" };
const LINKS = [['runbook_url', 'Runbook'], ['dashboard_url', 'Dashboard'], ['prometheus_url', 'Prometheus'], ['silence_url', 'Silence'], ['alertmanager_url', 'Alertmanager']];
const KEPT = 1000;
const KEPT_ALERTS = 50;       // of one card

const byId = id => document.getElementById(id);

// --- what is known -------------------------------------------------------------------------------------------------

let cards = [];             // newest first
let open = new Map();       // by key: what fires
let lastId = 0;
let clockOffset = 0;        // the server's clock minus ours, in milliseconds
let heartbeat = null;
let heartbeatSeen = 0;      // when it was told, on a clock that never jumps
let shown = 'all';

// By the sender's own key; without one, by name and labels, which the server sorts.
function keyOf(entry) {
  return `${entry.receiver} ${entry.dedup_key ?? `${entry.alertname} ${JSON.stringify(entry.labels)}`}`;
}

// Returns the card that has changed, or nothing if the entry is already known.
function take(entry) {
  if (entry.id <= lastId) return null;
  lastId = entry.id;
  const key = keyOf(entry);
  let card = open.get(key);
  if (!card) {
    card = { key, first: entry, latest: entry, resolved: null, alerts: new Map(), times: 0, acknowledged: false, element: document.createElement('article') };
    cards.unshift(card);
    byId('cards').prepend(card.element);
    while (cards.length > KEPT) forget(cards.pop());
  }
  card.acknowledged ||= entry.acknowledged;
  noteAlerts(card, entry);
  if (entry.status === 'resolved') {
    card.resolved = entry;
    open.delete(key);
  } else {
    card.latest = entry;
    card.times += 1;
    open.set(key, card);
  }
  return card;
}

// Each message tells how its alerts are now. One that is over is told once, and stays on the card; when all is over, so are those
// that the message had no room for.
function noteAlerts(card, entry) {
  if (entry.status === 'resolved') for (const alert of card.alerts.values()) alert.status = 'resolved';
  for (const alert of entry.alerts) card.alerts.set(JSON.stringify(alert.labels), { ...alert });
  for (const key of card.alerts.keys()) if (card.alerts.size > KEPT_ALERTS) card.alerts.delete(key);
}

function nameOf(card) {
  const names = new Set([...card.alerts.values()].map(alert => alert.labels.alertname).filter(Boolean));
  return [...names].join(', ') || card.latest.alertname;
}

function forget(card) {
  card.element.remove();
  if (open.get(card.key) === card) open.delete(card.key);
}

// A message that is about no alert neither fires nor ends.
function statusOf(card) {
  if (card.resolved) return 'resolved';
  return card.latest.alertname || card.alerts.size ? 'firing' : 'message';
}

// --- how it is shown -----------------------------------------------------------------------------------------------

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours) return `${hours} h ${String(minutes).padStart(2, '0')} min`;
  return minutes ? `${minutes} min ${String(rest).padStart(2, '0')} s` : `${rest} s`;
}

function moment(timestamp) {
  const time = element('time', '', new Date(timestamp).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }));
  time.dateTime = timestamp;
  time.title = new Date(timestamp).toLocaleString([], { hourCycle: 'h23' });
  return time;
}

function stateOf(card) {
  const began = Date.parse(card.first.received_at);
  if (card.resolved) {
    return card.times ? `resolved after ${duration(Date.parse(card.resolved.received_at) - began)}` : 'resolved';
  }
  return statusOf(card) === 'firing' ? `firing for ${duration(Date.now() + clockOffset - began)}` : '';
}

function drawLinks(annotations, which) {
  const links = element('p', 'links');
  for (const [name, text] of which) {
    const url = annotations[name] ?? '';
    if (!/^https?:\/\//.test(url)) continue;
    const link = element('a', '', text);
    link.href = url;
    link.target = '_blank';
    link.rel = 'noreferrer';
    links.append(link);
  }
  return links;
}

function drawLabels(all, shown) {
  const labels = element('p', 'labels');
  for (const [name, value] of Object.entries(all)) {
    if (name === 'alertname' || name === 'severity' || shown[name] === value) continue;
    labels.append(element('code', '', `${name}="${value}"`), ' ');
  }
  return labels;
}

// What fires first; of each alert, what it does not share with the others.
function drawAlerts(card) {
  const list = element('ul', 'alerts');
  const alerts = [...card.alerts.values()].sort((a, b) => (a.status === 'resolved') - (b.status === 'resolved'));
  const name = nameOf(card);
  for (const { status, labels, annotations } of alerts) {
    const item = element('li', status);
    const head = element('p', 'summary');
    head.append(element('span', 'state', status === 'resolved' ? 'over' : 'firing'), ' ');
    head.append([labels.alertname === name ? '' : labels.alertname, annotations.summary].filter(Boolean).join(': '));
    item.append(head);
    if (annotations.description && status !== 'resolved') item.append(element('p', 'description', annotations.description));
    const own = LINKS.filter(([link]) => annotations[link] !== card.latest.annotations[link]);
    item.append(...[drawLabels(labels, card.latest.labels), drawLinks(annotations, own)].filter(part => part.childNodes.length));
    list.append(item);
  }
  const { more } = card.resolved ?? card.latest;
  if (more) list.append(element('li', 'more', `and ${more} more`));
  return list;
}

function draw(card) {
  const { latest } = card;
  const status = statusOf(card);
  const severity = latest.severity || (status === 'message' ? 'message' : 'no severity');
  const rank = ['critical', 'warning'].includes(latest.severity) ? latest.severity : 'other';
  const made = card.element;
  made.className = `card ${status} ${rank}`;
  made.dataset.status = status;
  made.dataset.alertname = nameOf(card);

  const head = element('div', 'head');
  head.append(element('span', 'severity', severity));
  head.append(element('h2', '', nameOf(card) || latest.annotations.summary || 'Message'));
  card.state = element('span', 'state', stateOf(card));
  head.append(card.state);

  const body = element('div', 'body');
  if (card.alerts.size > 1 || latest.more) {
    body.append(drawAlerts(card));
  } else {
    if (nameOf(card) && latest.annotations.summary) body.append(element('p', 'summary', latest.annotations.summary));
    if (latest.annotations.description) body.append(element('p', 'description', latest.annotations.description));
  }

  const foot = element('div', 'foot');
  const links = drawLinks(latest.annotations, LINKS);
  const facts = element('p', 'facts');
  const receiver = element('span', `receiver ${latest.receiver}`, RECEIVERS[latest.receiver] ?? latest.receiver);
  facts.append(receiver, card.times ? ' received ' : ' resolved ', moment(card.first.received_at));
  if (card.times > 1) facts.append(`, sent ${card.times} times`);
  if (card.resolved && card.times) facts.append(', resolved ', moment(card.resolved.received_at));
  if (card.acknowledged && !card.resolved) facts.append(', acknowledged');
  const labels = drawLabels(latest.labels, {});
  foot.append(...[links, facts, labels].filter(part => part.childNodes.length));
  made.replaceChildren(head, body, foot);
}

function drawCounts() {
  const firing = cards.filter(card => statusOf(card) === 'firing').length;
  byId('count-all').textContent = cards.length;
  byId('count-firing').textContent = firing;
  byId('empty').hidden = cards.length > 0;
  byId('calm').hidden = !(shown === 'firing' && cards.length > 0 && firing === 0);
  document.title = firing ? `(${firing}) Pager` : 'Pager';
}

function drawHeartbeat() {
  if (!heartbeat) return;
  const age = heartbeat.age_seconds === null ? null : heartbeat.age_seconds * 1000 + performance.now() - heartbeatSeen;
  const ago = age === null ? '' : duration(age);
  byId('heartbeat').dataset.state = heartbeat.state;
  byId('heartbeat-text').textContent = {
    waiting: 'Heartbeat: waiting for the first',
    beating: `Heartbeat ${ago} ago`,
    silent: ago ? `No heartbeat for ${ago}` : 'No heartbeat yet',
  }[heartbeat.state];
}

function drawOutages(outages) {
  const failing = Object.keys(outages).filter(name => outages[name]);
  const banner = byId('outages');
  banner.hidden = failing.length === 0;
  banner.textContent = failing.length
    ? `Outage on purpose: ${failing.map(name => RECEIVERS[name] ?? name).join(', ')} answers 500. End it with ` +
      failing.map(name => `curl -X DELETE ${location.origin}/outage/${name}`).join(' and ')
    : '';
}

function announce(entry) {
  byId('announcement').textContent =
    `${entry.alertname || entry.annotations.summary || 'Message'} ${entry.status}, ${entry.severity || 'no severity'}, by ${RECEIVERS[entry.receiver] ?? entry.receiver}`;
}

// --- what is heard -------------------------------------------------------------------------------------------------

const HEARD = {
  snapshot(all) {
    cards.forEach(forget);
    [cards, open, lastId] = [[], new Map(), 0];
    clockOffset = Date.parse(all.now) - Date.now();
    all.entries.forEach(take);
    cards.forEach(draw);
    HEARD.heartbeat(all.heartbeat);
    drawOutages(all.outages);
    connected('live', 'live');
  },
  entry(entry) {
    const card = take(entry);
    if (!card) return;
    draw(card);
    card.element.classList.add('new');
    announce(entry);
  },
  acknowledged(entry) {
    const card = open.get(keyOf(entry));
    if (!card) return;
    card.acknowledged = true;
    draw(card);
  },
  heartbeat(told) {
    [heartbeat, heartbeatSeen] = [told, performance.now()];
    drawHeartbeat();
  },
  outages: drawOutages,
};

function connected(state, text) {
  byId('connection').dataset.state = state;
  byId('connection-text').textContent = text;
}

function listen() {
  const source = new EventSource('/events');
  source.onerror = () => {
    connected('lost', 'reconnecting');
    // After an answer that is no stream the browser gives up by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
  for (const [topic, hear] of Object.entries(HEARD)) {
    source.addEventListener(topic, event => {
      hear(JSON.parse(event.data));
      drawCounts();
    });
  }
}

for (const button of document.querySelectorAll('[data-show]')) {
  button.addEventListener('click', () => {
    shown = button.dataset.show;
    for (const other of document.querySelectorAll('[data-show]')) other.setAttribute('aria-pressed', other === button);
    byId('cards').dataset.show = shown;
    drawCounts();
  });
}

setInterval(() => {
  drawHeartbeat();
  for (const card of open.values()) card.state.textContent = stateOf(card);
}, 1000);

listen();
