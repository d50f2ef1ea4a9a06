/** A TCP state as the label `state` names it, with the colour it has everywhere and what an operator should know of it. */
export interface StateNote {
  readonly state: string;
  readonly color: string;
  readonly means: string;
  readonly many: string;
}

export const STATE_NOTES: readonly StateNote[] = [
  {
    state: 'established',
    color: 'green',
    means: 'Open; data may flow.',
    many: 'Load, or a pool without a bound.',
  },
  {
    state: 'time_wait',
    color: 'blue',
    means: '**This** host closed first. Keeps the port until its time is over (tcpstate_time_wait_duration_seconds).',
    many: 'Connections are not reused. Harmless until it fills the port range. Never kill them.',
  },
  {
    state: 'close_wait',
    color: 'red',
    means: 'The peer closed, **our process** did not.',
    many: 'A leak or a hanging process. No kernel setting helps.',
  },
  {
    state: 'syn_sent',
    color: 'orange',
    means: 'We knocked and wait for an answer.',
    many: 'The destination is down or a firewall drops the packets.',
  },
  {
    state: 'syn_recv',
    color: 'yellow',
    means: 'A peer knocked, its last acknowledgement is due.',
    many: 'SYN flood, or answers that get lost.',
  },
  {
    state: 'fin_wait1',
    color: 'purple',
    means: 'We closed, the peer has not acknowledged.',
    many: 'Peers that vanished or do not read.',
  },
  {
    state: 'fin_wait2',
    color: 'light-purple',
    means: 'We closed, the peer keeps its side open.',
    many: 'The leak is on the **peer**: CLOSE_WAIT there.',
  },
  {
    state: 'last_ack',
    color: 'dark-purple',
    means: 'Both closed, the last acknowledgement is due.',
    many: 'Packet loss or vanished peers.',
  },
  { state: 'closing', color: 'dark-blue', means: 'Both closed at the same time.', many: 'Rare; packet loss.' },
  { state: 'listen', color: 'text', means: 'Waits for connections.', many: 'One per service and address.' },
  {
    state: 'bound',
    color: 'semi-dark-orange',
    means: 'Holds a port, neither listens nor is connected.',
    many: 'Eats the port range unseen: `netstat -an` does not show it.',
  },
  { state: 'close', color: 'dark-red', means: 'Closed, not yet gone.', many: 'Not normal.' },
];
