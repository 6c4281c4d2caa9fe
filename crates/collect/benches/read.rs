//! How fast records become rows: sign-ins of 2.1 kB, NDJSON, one core.

use azimuth_collect::{DeadLetter, Reader, Row, Sink, Source};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Takes rows and does nothing with them.
struct Nothing;

impl Sink for Nothing {
    fn row(&mut self, _: &str, row: Row<'_>) {
        black_box(row.len());
    }

    fn dead(&mut self, letter: DeadLetter<'_>) {
        panic!("{}", letter.reason);
    }
}

/// Writes rows as NDJSON into memory.
#[derive(Default)]
struct Written(Vec<u8>);

impl Sink for Written {
    fn row(&mut self, _: &str, row: Row<'_>) {
        if self.0.len() > 1 << 20 {
            self.0.clear();
        }
        row.write(&mut self.0);
        self.0.push(b'\n');
    }

    fn dead(&mut self, letter: DeadLetter<'_>) {
        panic!("{}", letter.reason);
    }
}

/// Sign-ins in the columns of their table.
fn sign_ins() -> Vec<u8> {
    let mut text = String::new();
    for n in 0..20_000_u32 {
        let (second, user) = (n % 60, n.wrapping_mul(2_654_435_761) % 5_000);
        text += &format!(
            r#"{{"TenantId":"7c759f10-811c-4db8-ad6d-f07d8ae3f8ea","SourceSystem":"Azure AD","TimeGenerated":"2024-04-28T14:{:02}:{second:02}.2213421Z","ResourceId":"/tenants/2ad3fc79-1859-42fa-9011-6f8df2251b22/providers/Microsoft.aadiam","OperationName":"Sign-in activity","OperationVersion":"1.0","Category":"SignInLogs","ResultType":"{}","ResultSignature":"","ResultDescription":"","DurationMs":0,"CorrelationId":"f9ff9ee8-d565-478b-bc95-{n:012}","Resource":"Microsoft.aadiam","ResourceGroup":"Microsoft.aadiam","Identity":"User {user}","Level":"4","Location":"CH","AlternateSignInName":"user{user}@contoso.example","AppDisplayName":"Azure Portal","AppId":"c44b4083-3bb0-49c1-b47d-974e53cbdf3c","AuthenticationDetails":"[{{\"authenticationStepDateTime\":\"2024-04-28T14:08:45.2213421+00:00\",\"authenticationMethod\":\"Previously satisfied\",\"succeeded\":true}}]","AuthenticationRequirement":"singleFactorAuthentication","ClientAppUsed":"Browser","ConditionalAccessPolicies":[{{"id":"a0e1f23a-e524-4cc9-a01e-000000000001","displayName":"Require MFA","result":"notApplied","conditionsSatisfied":3,"conditionsNotSatisfied":16}}],"ConditionalAccessStatus":"notApplied","CreatedDateTime":"2024-04-28T14:{:02}:{second:02}.2213421Z","DeviceDetail":{{"deviceId":"","operatingSystem":"Windows 10","browser":"Edge 90.0.818"}},"IsInteractive":true,"Id":"b5b0d2ea-01cc-4e38-b0f0-{n:012}","IPAddress":"203.0.113.{}","IsRisky":null,"LocationDetails":{{"city":"Bern","state":"Bern","countryOrRegion":"CH","geoCoordinates":{{"latitude":46.94798,"longitude":7.44743}}}},"NetworkLocationDetails":"[]","ProcessingTimeInMilliseconds":"231","RiskDetail":"none","RiskLevelAggregated":"none","RiskLevelDuringSignIn":"none","RiskState":"none","ResourceDisplayName":"Windows Azure Service Management API","Status":{{"errorCode":0,"additionalDetails":"MFA requirement satisfied by claim in the token"}},"TokenIssuerType":"AzureAD","UserAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.93 Safari/537.36","UserDisplayName":"User {user}","UserId":"9b117c67-170e-4aed-9702-{user:012}","UserPrincipalName":"user{user}@contoso.example","Type":"SigninLogs"}}"#,
            n / 60 % 60,
            if n % 20 == 0 { "50126" } else { "0" },
            n / 60 % 60,
            n % 250
        );
        text.push('\n');
    }
    text.into_bytes()
}

fn read(bytes: &[u8], sink: &mut dyn Sink) -> u64 {
    let mut reader = Reader::new(Source::new(jiff::Timestamp::UNIX_EPOCH));
    for piece in bytes.chunks(1 << 20) {
        reader.push(piece, sink);
    }
    reader.finish(None, sink).rows
}

#[divan::bench(sample_count = 20)]
fn sign_ins_into_typed_rows(bencher: Bencher) {
    let bytes = sign_ins();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| read(black_box(&bytes), &mut Nothing));
}

#[divan::bench(sample_count = 20)]
fn sign_ins_into_typed_rows_and_ndjson(bencher: Bencher) {
    let bytes = sign_ins();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| read(black_box(&bytes), &mut Written::default()));
}

/// The peer: trees of the same records.
#[divan::bench(sample_count = 20)]
fn sign_ins_into_trees_of_serde_json(bencher: Bencher) {
    let bytes = sign_ins();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let lines = black_box(&bytes).split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok()).count()
    });
}
