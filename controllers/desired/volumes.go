package desired

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/googlelogin/operator/api/v1beta1"
)

// secretMode lets the server's group read a Secret's files, and nobody write them. The group, because Kubernetes gives such
// files to root and the fsGroup.
const secretMode = 0o440

func volumes(in Input) []*corev1ac.VolumeApplyConfiguration {
	name := in.Login.Name
	out := []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName("config").WithConfigMap(corev1ac.ConfigMapVolumeSource().
			WithName(ConfigMapName(name)).
			WithItems(configItems(in)...)),
		corev1ac.Volume().WithName("client").WithSecret(clientVolume(in.Login.Spec.Client.SecretRef)),
		corev1ac.Volume().WithName("signing-keys").WithSecret(secretVolume(SigningSecretName(in.Login), item(SigningKeysKey, SigningKeysKey))),
		corev1ac.Volume().WithName("sealing-keys").WithSecret(secretVolume(SealingKeysName(name), item(SealingKeysKey, SealingKeysKey))),
	}
	if Shared(in.Login) {
		out = append(out, corev1ac.Volume().WithName("database").WithSecret(databaseVolume(in.Login.Spec.Storage.Postgres)))
		if ref := databaseCA(in); ref != nil {
			out = append(out, corev1ac.Volume().WithName("database-ca").WithSecret(secretVolume(ref.Name, item(keyOr(ref.Key, caFile), caFile))))
		}
	}
	if NeedsVolume(in.Login) {
		out = append(out, corev1ac.Volume().WithName("data").WithPersistentVolumeClaim(
			corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(DataClaimName(name))))
	}
	return out
}

// clientVolume mounts only the keys that the spec names, so that nothing else in the team's Secret reaches the server. It is
// optional: a team may hold any of the keys, and a pod that starts while the Secret is being replaced says so by its readiness
// instead of hanging in ContainerCreating.
func clientVolume(ref v1beta1.ClientSecretRef) *corev1ac.SecretVolumeSourceApplyConfiguration {
	return secretVolume(ref.Name,
		item(keyOr(ref.ClientIDKey, clientIDFile), clientIDFile),
		item(keyOr(ref.ClientSecretKey, clientSecretFile), clientSecretFile),
		item(keyOr(ref.CredentialsKey, credentialsFile), credentialsFile),
	).WithOptional(true)
}

// databaseVolume mounts the one key that the spec names. A file, not an environment variable: it changes while the server runs,
// and a crash report or a child process never has it.
func databaseVolume(postgres *v1beta1.Postgres) *corev1ac.SecretVolumeSourceApplyConfiguration {
	var ref v1beta1.DatabaseSecretRef
	if postgres != nil {
		ref = postgres.SecretRef
	}
	return secretVolume(ref.Name, item(keyOr(ref.Key, uriFile), uriFile))
}

// databaseCA is mounted by its one key, too: beside the certificate, the Secret of an authority has its private key.
func databaseCA(in Input) *v1beta1.CASecretRef {
	if in.Login.Spec.Storage.Postgres == nil {
		return nil
	}
	return in.Login.Spec.Storage.Postgres.CASecretRef
}

func keyOr(key v1beta1.SecretKey, fallback string) string {
	if key == "" {
		return fallback
	}
	return string(key)
}

func secretVolume(name string, items ...*corev1ac.KeyToPathApplyConfiguration) *corev1ac.SecretVolumeSourceApplyConfiguration {
	return corev1ac.SecretVolumeSource().WithSecretName(name).WithDefaultMode(secretMode).WithItems(items...)
}

func item(key, path string) *corev1ac.KeyToPathApplyConfiguration {
	return corev1ac.KeyToPath().WithKey(key).WithPath(path)
}

func mounts(in Input) []*corev1ac.VolumeMountApplyConfiguration {
	out := []*corev1ac.VolumeMountApplyConfiguration{
		readOnly("config", configDir),
		readOnly("client", clientDir),
		readOnly("signing-keys", signingDir),
		readOnly("sealing-keys", sealingDir),
	}
	if Shared(in.Login) {
		out = append(out, readOnly("database", databaseDir))
		if databaseCA(in) != nil {
			out = append(out, readOnly("database-ca", databaseCADir))
		}
	}
	if NeedsVolume(in.Login) {
		out = append(out, corev1ac.VolumeMount().WithName("data").WithMountPath(dataDir))
	}
	return out
}

func readOnly(volume, path string) *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(volume).WithMountPath(path).WithReadOnly(true)
}
