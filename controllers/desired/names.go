package desired

// The server's Deployment, Service and ServiceAccount do not bear the bare name of the GoogleLogin: a GoogleLogin "shop" lives
// beside the team's own Deployment and Service, which are called "shop" already. The API keeps a GoogleLogin's name to 40
// characters, so every name here fits into a DNS label of 63.

// ServerName names the Deployment, Service and ServiceAccount of the GoogleLogin called login.
func ServerName(login string) string { return login + "-googlelogin" }

// ConfigMapName names the ConfigMap with the server's configuration.
func ConfigMapName(login string) string { return login + "-config" }

// DataClaimName names the volume claim for users and sessions.
func DataClaimName(login string) string { return login + "-data" }

// SigningKeysName names the Secret with the keys that sign access JWTs.
func SigningKeysName(login string) string { return login + "-signing-keys" }

// SealingKeysName names the Secret with the keys that seal cookies.
func SealingKeysName(login string) string { return login + "-sealing-keys" }

// Where the server finds its files.
const (
	configDir     = "/etc/googlelogin/config"
	clientDir     = "/etc/googlelogin/client"
	signingDir    = "/etc/googlelogin/signing"
	sealingDir    = "/etc/googlelogin/sealing"
	databaseDir   = "/etc/googlelogin/database"
	databaseCADir = "/etc/googlelogin/database-ca"
	dataDir       = "/var/lib/googlelogin"
)

// Keys in the ConfigMap and in the Secrets with keys, and so the names of the files that they become.
const (
	ConfigKey      = "config.yaml"
	ClusterKeysKey = "cluster-keys.json"
	SigningKeysKey = "keys.json"
	SealingKeysKey = "keyset.json"
)

// Files that the client Secret becomes, whatever its keys are called.
const (
	clientIDFile     = "client_id"
	clientSecretFile = "client_secret"
	credentialsFile  = "credentials.json"
)

// uriFile is what the key of the database's Secret becomes.
const uriFile = "uri"

// caFile is what the key of the Secret with the database's authority becomes.
const caFile = "ca.crt"
