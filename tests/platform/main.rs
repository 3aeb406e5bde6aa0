//! Our operations runbook heals a platform that is really broken. The state is asked of the services themselves.
//!
//! It takes long, so it runs only where `RUNBOOK_TEST_PLATFORM` is set, as `.ci/platform` does; else it says that it was skipped, whatever
//! `RUNBOOK_TEST_REQUIRE` says.

mod host;
#[path = "../support/mod.rs"]
mod support;

use host::platform;
use support::Home;

const READY: &str = "200\n{\"status\": \"ready\"";

#[test]
fn a_corrupted_database_is_restored_from_its_backup() {
    let Some(platform) = platform() else { return };
    // Forty pages of the table are overwritten on the disk.
    assert!(platform.host("platform-corrupt-database").contains("not ready"));
    let broken = platform.try_host(
        "docker exec agentic-postgres-prod psql -U postgres -d agentic_db -c 'SELECT count(settings) FROM agents'",
    );
    assert!(broken.stderr.contains("invalid page"), "{}", broken.stderr);
    let backup = format!("backup={}", platform.backup());
    drop(platform.run("restore-the-database", &["--input", &backup]).exits(0).prints("DROP DATABASE"));
    assert_eq!(platform.sql("SELECT count(settings) FROM agents"), "60000");
    assert_eq!(platform.sql("SELECT version_num FROM alembic_version"), "0002");
    assert!(platform.get("/health/ready").starts_with(READY));
}

#[test]
fn a_backup_that_fails_its_checksum_stops_the_restore_before_anything_is_dropped() {
    let Some(platform) = platform() else { return };
    let backup = platform.backup();
    drop(platform.host(&format!("printf x | dd of={backup} bs=1 seek=1000 conv=notrunc")));
    let before = platform.sql("SELECT oid FROM pg_database WHERE datname = 'agentic_db'");
    let run = platform.run("restore-the-database", &["--input", &format!("backup={backup}")]).exits(1);
    drop(run.prints("FAILED"));
    assert_eq!(platform.sql("SELECT oid FROM pg_database WHERE datname = 'agentic_db'"), before);
    assert_eq!(platform.sql("SELECT count(*) FROM agents"), "60000");
}

#[test]
fn an_exhausted_pool_is_made_larger_and_the_api_answers_again() {
    let Some(platform) = platform() else { return };
    drop(
        platform
            .host("for i in $(seq 22); do curl -s -o /dev/null 'localhost:8000/api/v1/reports?days=x' & done; wait"),
    );
    assert!(platform.get("/health/ready").contains("PoolExhausted"));
    let flags = ["--choose", "The pool is exhausted", "--input", "pool_size=30"];
    drop(platform.run("the-api-answers-500", &flags).exits(0).prints("db_pool_available 0"));
    assert!(platform.host("curl -s localhost:8000/metrics").contains("db_pool_size 30\n"));
    assert!(platform.get("/health/ready").starts_with(READY));
}

#[test]
fn a_full_disk_is_given_room_by_letting_old_rows_go() {
    let Some(platform) = platform() else { return };
    // An import takes half of the volume, a forgotten dump the rest, to the last block.
    let import = "INSERT INTO audit_logs (actor, action, address, detail, created_at) SELECT 'old', 'import', '-', \
                  repeat(md5(n::text), 20), now() - interval '150 days' FROM generate_series(1, 100000) n";
    assert_eq!(platform.sql(import), "INSERT 0 100000");
    drop(platform.sql("VACUUM ANALYZE audit_logs"));
    drop(platform.sql("CHECKPOINT"));
    drop(platform.host("! dd if=/dev/zero of=/srv/postgres/data/dump bs=1M"));
    assert_eq!(platform.host("df --output=avail /srv/postgres/data | tail -n 1"), "0");
    let write = "curl -s -o /dev/null -w '%{http_code}' -X POST \
                 \"https://api.yourdomain.com/api/v1/agents/run?actor=$(openssl rand -hex 3000)\"";
    assert_eq!(platform.host(write), "500", "writing fails");
    drop(platform.run("the-databases-disk-is-full", &[]).exits(0).prints("DELETE 1"));
    assert_eq!(platform.host(write), "202");
    assert_eq!(platform.sql("SELECT count(*) FROM audit_logs WHERE actor = 'old'"), "0");
    assert_eq!(platform.host("stat -c %s /srv/postgres/data/reserve"), "8388608");
    let used: u32 = platform.host("df --output=pcent /srv/postgres/data | tr -dc 0-9").parse().unwrap();
    assert!(used < 70, "{used} % used");
}

#[test]
fn a_slow_query_is_found_and_gets_its_index() {
    let Some(platform) = platform() else { return };
    drop(platform.sql("DROP INDEX agents_by_tenant"));
    drop(platform.host("for i in $(seq 40); do curl -s -o /dev/null \"https://api.yourdomain.com/api/v1/agents?tenant=tenant-$i\"; done"));
    let run = platform.run("answers-are-slow", &["--choose", "A query reads the whole table"]).exits(0);
    drop(run.prints("Seq Scan on agents").prints("WHERE tenant_id = "));
    assert_eq!(platform.sql("SELECT count(*) FROM pg_indexes WHERE indexname = 'agents_by_tenant'"), "1");
    assert!(platform.sql("EXPLAIN SELECT id FROM agents WHERE tenant_id = 'tenant-7'").contains("agents_by_tenant"));
}

#[test]
fn a_leaking_api_is_restarted() {
    let Some(platform) = platform() else { return };
    let resident =
        || -> u64 { platform.host("curl -s localhost:8000/metrics | awk '/resident/ { print $2 }'").parse().unwrap() };
    let before = resident();
    drop(platform.host("for i in $(seq 10); do curl -s -X POST 'localhost:8000/api/v1/uploads?kib=12000'; done"));
    assert!(resident() > before + 100_000_000);
    drop(platform.run("the-api-leaks-memory", &["--monitor-for", "6s"]).exits(0));
    assert!(resident() < before + 20_000_000, "{} after {before}", resident());
    assert!(platform.get("/health/ready").starts_with(READY));
}

#[test]
fn an_expired_certificate_is_renewed_and_served() {
    let Some(platform) = platform() else { return };
    drop(platform.host("platform-expire-certificate"));
    assert_eq!(platform.try_host("curl -s https://api.yourdomain.com/health").status, Some(60));
    // What the first steps find, "will expire", is an answer that an unattended run does not carry into a change.
    drop(platform.run("the-certificate-has-expired", &[]).exits(1).prints("Certificate will expire"));
    drop(platform.run("the-certificate-has-expired", &["--only", "1,2,3,4"]).exits(0));
    let served = "openssl s_client -connect api.yourdomain.com:443 < /dev/null 2> /dev/null";
    drop(platform.host(&format!("{served} | openssl x509 -noout -checkend 5000000")));
    assert!(platform.get("/health/ready").starts_with(READY));
}

#[test]
fn everything_down_comes_up_in_order() {
    let Some(platform) = platform() else { return };
    drop(
        platform.host("docker kill $(docker ps -q); docker rm agentic-redis-prod; systemctl stop docker docker.socket"),
    );
    let home = Home::new();
    let mut terminal = platform.walk(&home, "everything-is-down", &[]);
    terminal.wait_for_output("Is Docker well?").wait_for_output("? help").send("\r").wait_for_output("inactive");
    terminal.wait_for_output("If Docker is not well").wait_for_output("? help").run_it().wait_for_output("exit 0");
    for step in ["Take down", "First what others need", "Then the API", "Then what leads to it"] {
        terminal.wait_for_output(step).wait_for_output("? help").run_it();
    }
    terminal.wait_for_output("All five?").wait_for_output("? help").send("a").wait_for_output("Stay with it");
    terminal.wait_for_output("? help").send("s").exits(0);
    let begun =
        "for s in postgres redis api nginx backup; do docker inspect -f '{{.State.StartedAt}}' agentic-$s-prod; done";
    let begun = platform.host(begun);
    let begun: Vec<&str> = begun.lines().collect();
    assert!(begun[0].max(begun[1]) < begun[2] && begun[2] < begun[3].min(begun[4]), "{begun:?}");
    assert!(platform.get("/health/ready").starts_with(READY));
}

#[test]
fn a_query_that_runs_too_long_is_found_and_ended() {
    let Some(platform) = platform() else { return };
    drop(platform.host(
        "docker exec -d agentic-postgres-prod psql -U postgres -d agentic_db -c 'SELECT pg_sleep(3600) /* runaway */'; sleep 1",
    ));
    let running = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%runaway%' AND pid <> pg_backend_pid()";
    let pid = platform.sql(running);
    drop(platform.run("the-processor-is-busy", &["--input", &format!("query_pid={pid}")]).exits(0).prints("runaway"));
    assert_eq!(platform.sql(running), "");
}

#[test]
fn an_abusive_address_is_shut_out_and_nobody_else() {
    let Some(platform) = platform() else { return };
    let from = |address: &str, what: &str| {
        platform.host(&format!(
            "docker run --rm --network agentic-platform_default --ip {address} agentic-base bash -c '{what}'"
        ))
    };
    let ask = "curl -sk -o /dev/null -w \"%{http_code} \" https://nginx/api/v1/agents";
    let abuse = from("10.92.0.66", &format!("for i in $(seq 50); do {ask}; done"));
    assert!(abuse.starts_with("200 200"), "{abuse}");
    drop(platform.run("the-network-is-busy", &["--input", "bad_address=10.92.0.66"]).exits(0).prints("50 10.92.0.66"));
    assert_eq!(from("10.92.0.66", ask), "403");
    assert_eq!(from("10.92.0.67", ask), "200");
}

#[test]
fn secrets_are_replaced_sessions_end_and_none_of_it_is_in_the_record() {
    let Some(platform) = platform() else { return };
    let token = platform.host("curl -s -X POST 'localhost:8000/api/v1/login?user=ana' | python -c 'import json, sys; print(json.load(sys.stdin)[\"token\"])'");
    let me = format!(
        "curl -s -o /dev/null -w '%{{http_code}}' -H 'Authorization: Bearer {token}' https://api.yourdomain.com/api/v1/me"
    );
    assert_eq!(platform.host(&me), "200");
    let old = platform.host("cat secrets/jwt_secret.txt secrets/secret_key.txt");
    drop(
        platform.host(
            "umask 077; openssl rand -hex 20 > ~/one; openssl rand -hex 20 > ~/two; rm -rf ~/.local/state/runbook",
        ),
    );
    let home = platform.host("echo ~");
    let (one, two) = (format!("anthropic_api_key=@{home}/one"), format!("openai_api_key=@{home}/two"));
    drop(platform.run("keys-have-leaked", &["--input", &one, "--input", &two]).exits(0));
    assert_eq!(platform.host(&me), "401");
    assert_eq!(platform.host("docker exec agentic-redis-prod redis-cli dbsize"), "0");
    assert_ne!(platform.host("cat secrets/jwt_secret.txt secrets/secret_key.txt"), old);
    drop(platform.host("cmp ~/one secrets/anthropic_api_key.txt; cmp ~/two secrets/openai_api_key.txt"));
    let found = platform.host("test -d ~/.local/state/runbook/runs; for line in $(cat secrets/*.txt); do grep -rlF -e \"$line\" ~/.local/state/runbook; done || true");
    assert_eq!(found, "", "no secret is in the record");
}

#[test]
fn after_a_breach_the_doors_are_closed_and_the_evidence_has_its_digest() {
    let Some(platform) = platform() else { return };
    // Somebody outside: a network of its own, that reaches the host as the world does.
    drop(platform.host(
        "ip netns add outside; ip link add way-in type veth peer name way-out netns outside; \
         ip addr add 203.0.113.1/24 dev way-in; ip link set way-in up; \
         ip -n outside addr add 203.0.113.9/24 dev way-out; ip -n outside link set way-out up",
    ));
    let ask =
        "ip netns exec outside curl -sk --max-time 3 -o /dev/null -w '%{http_code}' https://203.0.113.1/api/v1/me";
    assert_eq!(platform.try_host(ask).stdout, "401");
    let run = platform.run("somebody-is-in", &[]);
    let closed = platform.try_host(ask);
    drop(platform.host("ip netns del outside"));
    drop(run.exits(0).prints("unauthorized from"));
    assert_eq!((closed.status, closed.stdout.as_str()), (Some(28), "000"));
    drop(platform.host("cd /srv/evidence; sha256sum -c incident.tar.gz.sha256; test -s incident/audit.csv"));
    let seen = platform.host("tar -xOf /srv/evidence/incident.tar.gz incident/nginx/access.log incident/compose.log");
    assert!(seen.contains("/api/v1/me"), "{seen}");
}

#[test]
fn a_release_migrates_the_database_and_its_rollback_takes_it_back() {
    let Some(platform) = platform() else { return };
    let column =
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'agents' AND column_name = 'owner'";
    drop(platform.run("release-a-new-version", &["--monitor-for", "3s"]).exits(0));
    assert_eq!(platform.sql(column), "1");
    assert!(platform.get("/health/ready").contains("\"release\": 2, \"agents\": 60000, \"schema\": \"0003\""));
    drop(platform.run("rollback", &[]).exits(0));
    assert_eq!(platform.sql(column), "0");
    assert!(platform.get("/health/ready").contains("\"release\": 1, \"agents\": 60000, \"schema\": \"0002\""));
}

#[test]
fn an_incident_is_walked_through_and_the_api_restarted() {
    let Some(platform) = platform() else { return };
    drop(platform.host("docker-compose stop api"));
    let answer = platform.get("/health/ready");
    // Which of the two depends on whether the address of what was stopped is still known.
    assert!(answer.starts_with("502\n") || answer.starts_with("504\n"), "{answer}");
    let home = Home::new();
    let mut terminal = platform.walk(&home, "handle-an-incident", &[]);
    terminal.wait_for_output("host = api.yourdomain.com").send("\r");
    let mut next = |step: &str, key: &str| {
        terminal.wait_for_output(step).wait_for_output("? help").send(key);
    };
    next("\"https://api.yourdomain.com/health/ready\"", "\r");
    next("Which services are up?", "\r");
    next("What did the API say last?", "\r");
    next("Set the severity", "d");
    next("Open a channel", "d");
    next("Who uses what?", "\r");
    next("Errors of the API", "\r");
    terminal.wait_for_output("If the API does not answer").wait_for_output("? help").run_it();
    terminal.wait_for_output("If the database does not answer").wait_for_output("? help").send("q");
    terminal.exits(3);
    assert!(platform.get("/health/ready").starts_with(READY));
}

#[test]
fn a_backup_is_written_and_its_restore_is_tried_beside_the_real_database() {
    let Some(platform) = platform() else { return };
    let before = platform.backup();
    let run = platform.run("back-up-now-and-try-a-restore", &["--input", &format!("backup={before}")]).exits(0);
    drop(run.prints("60000"));
    assert_ne!(platform.backup(), before);
    assert_eq!(platform.sql("SELECT count(*) FROM pg_database WHERE datname = 'restore_trial'"), "0");
}

#[test]
fn the_database_is_looked_after_and_slow_queries_are_noted() {
    let Some(platform) = platform() else { return };
    drop(platform.run("look-after-the-database", &[]).exits(0).prints("REINDEX"));
    assert_eq!(platform.sql("SELECT count(DISTINCT settings) > 0 FROM agents"), "t");
    let run = platform.run("find-slow-queries", &[]).exits(0);
    drop(run.prints("count(DISTINCT settings)").prints("REINDEX DATABASE"));
    assert_eq!(platform.sql("SHOW log_min_duration_statement"), "1s");
}

#[test]
fn limits_are_checked_and_a_full_disk_is_over_one() {
    let Some(platform) = platform() else { return };
    drop(platform.run("are-we-inside-the-limits", &[]).exits(0).prints("errors 0.0 %"));
    drop(platform.host("fallocate -l 164m /srv/postgres/wal/filler"));
    drop(platform.run("are-we-inside-the-limits", &[]).exits(1).prints("/srv/postgres/wal"));
}
