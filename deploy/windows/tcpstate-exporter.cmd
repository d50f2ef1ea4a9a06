@rem Runs the exporter in a console; the flags are its own.
@"%~dp0node.exe" "%~dp0dist\main.js" %*
