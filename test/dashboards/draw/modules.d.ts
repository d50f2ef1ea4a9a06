// Style sheets, and a package without types of its own.
declare module '*.css';
declare module 'react-router-dom';
