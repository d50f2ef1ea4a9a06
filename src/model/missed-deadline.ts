/** In the error of whatever did not end in time: the time may have been that of a request in a hurry. */
export const MISSED_DEADLINE = 'missed the deadline';
