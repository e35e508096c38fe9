using ActorSockets.Web.Http;
using Akka.Configuration;

namespace ActorSockets.Web.Tests;

/// <summary>Who may ask for what.</summary>
public sealed class AccessSpecs
{
    private const string Token = "0123456789abcdef";

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:9464", true)]
    [InlineData("127.0.0.1:9464", true)]
    [InlineData("[::1]:9464", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("relay.example:443", true)]
    [InlineData("evil.example:9464", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("localhost:1@evil.example", false)]
    [InlineData("", false)]
    public void A_name_that_is_not_ours_is_refused(string host, bool isOurs) =>
        Assert.Equal(isOurs ? null : 421, Status("allowed-hosts = [\"relay.example\"]", isOpen: true, "GET", ("Host", host)));

    [Fact]
    public void Without_the_token_only_open_paths_answer()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"{Token}\nmore\n");
            var settings = $"token-file = \"{file}\"";
            Assert.Null(Status(settings, isOpen: true, "GET", ("Host", "localhost")));
            Assert.Equal(401, Status(settings, isOpen: false, "GET", ("Host", "localhost")));
            Assert.Equal(401, Status(settings, isOpen: false, "GET", ("Host", "localhost"), ("Authorization", $"Bearer {Token}0")));
            Assert.Equal(401, Status(settings, isOpen: false, "GET", ("Host", "localhost"), ("Authorization", Token)));
            Assert.Null(Status(settings, isOpen: false, "GET", ("Host", "localhost"), ("Authorization", $"Bearer {Token}")));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData(null, "X-ActorSockets: 1")]
    [InlineData(null, "X-ActorSockets: 1", "Origin: http://localhost:9464", "Sec-Fetch-Site: same-origin")]
    [InlineData(null, "X-ActorSockets: 1", "Origin: https://localhost:9464")]
    [InlineData(403)]
    [InlineData(403, "X-ActorSockets: 0")]
    [InlineData(403, "X-ActorSockets: 1", "Origin: http://localhost:8080")]
    [InlineData(403, "X-ActorSockets: 1", "Origin: null")]
    [InlineData(403, "X-ActorSockets: 1", "Sec-Fetch-Site: cross-site")]
    [InlineData(403, "X-ActorSockets: 1", "Sec-Fetch-Site: same-site")]
    public void Changes_need_the_header_and_no_other_origin(int? status, params string[] headers)
    {
        (string, string)[] all = [("Host", "localhost:9464"), .. headers.Select(h => (h.Split(": ")[0], h.Split(": ")[1]))];
        Assert.Equal(status, Status("allow-changes = on", isOpen: false, "POST", all));
        Assert.Equal(403, Status("allow-changes = off", isOpen: false, "POST", all));
    }

    private static int? Status(string settings, bool isOpen, string method, params (string Name, string Value)[] headers)
    {
        var web = ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets.web {{ enabled = on\n{settings} }}")).Web;
        return new Access(web).Refuse(new HttpRequest(method, "/", headers.ToDictionary(h => h.Name, h => h.Value, StringComparer.OrdinalIgnoreCase), []), isOpen)?.Status;
    }
}
