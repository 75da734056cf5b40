{{- /* What every object's name begins with: the release's name, which says "googlelogin" once. */ -}}
{{- define "googlelogin.prefix" -}}
{{- if contains "googlelogin" .Release.Name }}{{ .Release.Name | trunc 30 | trimSuffix "-" }}{{ else }}{{ printf "%s-googlelogin" (.Release.Name | trunc 30 | trimSuffix "-") }}{{ end -}}
{{- end -}}

{{- define "googlelogin.manager" -}}{{ include "googlelogin.prefix" . }}-manager{{- end -}}

{{- define "googlelogin.serviceAccount" -}}{{ .Values.serviceAccount.name | default (include "googlelogin.manager" .) }}{{- end -}}

{{- define "googlelogin.serverImage" -}}{{ .Values.server.image | default (printf "localhost/googlelogin-server:%s" .Chart.AppVersion) }}{{- end -}}

{{- define "googlelogin.selector" -}}
app.kubernetes.io/name: googlelogin
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: manager
{{- end -}}

{{- define "googlelogin.labels" -}}
app.kubernetes.io/name: googlelogin
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "googlelogin.subject" -}}
- kind: ServiceAccount
  name: {{ include "googlelogin.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
