{{- define "tcpstate.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tcpstate.selector" -}}
app.kubernetes.io/name: tcpstate-exporter
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tcpstate.labels" -}}
{{ include "tcpstate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "tcpstate.metadata" -}}
name: {{ include "tcpstate.name" . }}
namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "tcpstate.priorityClass" -}}
{{ .Values.priorityClass.name | default (include "tcpstate.name" .) }}
{{- end }}

{{- define "tcpstate.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest }}{{ $image.repository }}@{{ $image.digest }}
{{- else }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- /* What the container is given, in Kubernetes' spelling. */ -}}
{{- define "tcpstate.capabilities" -}}
{{- $names := list -}}
{{- if .Values.owners }}{{ $names = concat $names (list "SYS_PTRACE" "DAC_READ_SEARCH") }}{{ end -}}
{{- if .Values.kernelReader }}{{ $names = concat $names (list "BPF" "PERFMON") }}{{ end -}}
{{- toJson $names -}}
{{- end }}

{{- /* The same endpoint for both monitors; the dictionary has `monitor`, `dropped`. */ -}}
{{- define "tcpstate.endpoint" -}}
port: metrics
interval: {{ .monitor.interval }}
{{- with .monitor.scheme }}
scheme: {{ . }}
{{- end }}
{{- with .monitor.tlsConfig }}
tlsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .monitor.basicAuth }}
basicAuth: {{- toYaml . | nindent 2 }}
{{- end }}
relabelings:
  # The rules know the exporter by this job.
  - targetLabel: job
    replacement: tcpstate
  # Alerts and dashboards speak of hosts.
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
  # These would be of the exporter's own pod: its name changes at each update, and labels of pods on the page would become exported_….
  - action: labeldrop
    regex: {{ .dropped }}
{{- end }}
