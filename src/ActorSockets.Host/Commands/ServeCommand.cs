using System.CommandLine;
using System.Globalization;
using System.Text;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets serve HOST:PORT</c>: servers without a file.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var endpoints = new Argument<string[]>("HOST:PORT")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "Where to listen: a name, an IPv4 address or [IPv6]; no HOST is loopback, * every IPv4 interface.",
        };
        endpoints.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => Settings.Endpoint(t.Value) is null))
                result.AddError($"{token.Value}: needs HOST:PORT, [IPv6]:PORT, :PORT or *:PORT, with a port from 0 to 65535");
        });
        var sink = new Option<string>("--sink")
        {
            HelpName = "console|discard|echo|DIR",
            Description = "Where received bytes go; DIR: a file for each connection.",
            DefaultValueFactory = _ => "console",
        };
        var receipt = new Option<bool>("--receipt") { Description = "Tells each client how many bytes are stored, and their SHA-256." };
        var set = Settings.Set();

        var serve = new Command("serve", "Takes what clients send, until it is stopped.") { endpoints, sink, receipt, set };
        serve.SetAction(async (parsed, _) =>
        {
            var where = parsed.GetRequiredValue(sink);
            var hocon = new StringBuilder("actor-sockets {\n server-defaults {\n")
                .AppendLine(where is "console" or "discard" or "echo"
                    ? $"sink = {where}"
                    : $"sink = file\n directory = {Settings.Quoted(where)}")
                .AppendLine(parsed.GetValue(receipt) ? "receipt = on" : "")
                .AppendLine("}\n servers {");
            foreach (var (text, index) in parsed.GetRequiredValue(endpoints).Select((text, index) => (text, index)))
            {
                var (host, port) = Settings.Endpoint(text)!.Value;
                if (host == "*")
                    await Console.Error.WriteLineAsync($"note: {text} listens on every IPv4 interface of this machine");
                var bind = host == "*" ? "0.0.0.0" : host;
                hocon.AppendLine(CultureInfo.InvariantCulture, $"server-{index + 1} {{ host = {Settings.Quoted(bind)}\n port = {port} }}");
            }

            hocon.AppendLine("}\n}");
            return await Settings.RunAsync(() =>
                Task.FromResult(ConfigurationFile.Read(hocon.ToString(), "the command line", parsed.GetValue(set) ?? [])));
        });
        return serve;
    }
}
