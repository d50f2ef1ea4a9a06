export function fetchNode(target: string): { version: string; binary: string; licence: string };
