package e2e

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// folder is one that processes of other users can enter, and goes with the test.
func folder(t *testing.T, owner *syscall.Credential) string {
	t.Helper()
	path, err := os.MkdirTemp("", "openimis-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(path) })
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if owner != nil {
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// postgresBin is where the programs of PostgreSQL are.
func postgresBin(t *testing.T) string {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("PostgreSQL is not installed: there is no initdb")
	}
	return filepath.Dir(path)
}

// startPostgres makes a PostgreSQL server of the test's own, which may be killed, and gives a URL without a database.
func startPostgres(t *testing.T) (server *process, url string) {
	t.Helper()
	bin := postgresBin(t)
	var owner *syscall.Credential
	if os.Getuid() == 0 { // it does not run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	dir := folder(t, owner)
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	if text, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, text)
	}
	port := freePort(t)
	// fsync stays on: what a client was told is there after a kill.
	server = run(t, "postgres", dir, owner, nil, filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-h", "127.0.0.1", "-k", dir, "-c", "max_connections=200")
	server.farewell = syscall.SIGQUIT // it removes its shared memory
	await(t, "PostgreSQL", time.Minute, func() bool {
		return exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", port).Run() == nil
	})
	createdb := exec.Command(filepath.Join(bin, "createdb"), "-h", "127.0.0.1", "-p", port, "-U", "postgres", "imis")
	if text, err := createdb.CombinedOutput(); err != nil {
		t.Fatalf("createdb: %v\n%s", err, text)
	}
	return server, "postgres://postgres@127.0.0.1:" + port + "/imis?sslmode=disable"
}

// startRabbit makes a RabbitMQ node of the test's own, which may be killed.
func startRabbit(t *testing.T) (node *process, url string) {
	t.Helper()
	const script = "/usr/lib/rabbitmq/bin/rabbitmq-server" // of Debian's package; the one in the path starts the system's own node
	if _, err := os.Stat(script); err != nil {
		t.Fatal("RabbitMQ is not installed: ", err)
	}
	dir, port, mapper := folder(t, nil), freePort(t), freePort(t)
	env := []string{"HOME=" + dir, "ERL_EPMD_PORT=" + mapper, "ERL_EPMD_ADDRESS=127.0.0.1"}
	run(t, "epmd", dir, nil, env, "epmd", "-port", mapper)
	await(t, "the port mapper of Erlang", time.Minute, func() bool { return listens(mapper) })
	node = run(t, "rabbitmq", dir, nil, append(env, "RABBITMQ_NODENAME=openimis-e2e@localhost", "RABBITMQ_NODE_PORT="+port, "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
		"RABBITMQ_DIST_PORT="+freePort(t), "RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "mnesia"), "RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+filepath.Join(dir, "plugins"), "RABBITMQ_CONFIG_FILE="+filepath.Join(dir, "rabbitmq"), "RABBITMQ_CONF_ENV_FILE="+filepath.Join(dir, "none")), script)
	await(t, "RabbitMQ", 2*time.Minute, func() bool { return listens(port) })
	return node, "amqp://guest:guest@127.0.0.1:" + port + "/"
}
