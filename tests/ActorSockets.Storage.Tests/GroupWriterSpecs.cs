using System.Data.Common;
using ActorSockets.Outbox;

namespace ActorSockets.Storage.Tests;

/// <summary>The one writer of a store, over a scripted database: what fails alone, and what becomes of a commit that nobody knows of.</summary>
public sealed class GroupWriterSpecs
{
    [Fact]
    public async Task A_change_of_a_transaction_in_doubt_that_was_committed_succeeds_and_is_not_applied_again()
    {
        var database = new ScriptedDatabase { Commits = new([new InDoubtException(new IOException("lost"))]), State = true };
        await using var writer = new GroupWriter(database);
        var applied = 0;
        Assert.Equal(1, await writer.RunAsync(_ => ++applied));
        Assert.Equal(1, applied);
    }

    [Fact]
    public async Task One_that_was_not_committed_is_applied_again_and_until_then_others_fail()
    {
        var database = new ScriptedDatabase { Commits = new([new InDoubtException(new IOException("lost"))]) };
        await using var writer = new GroupWriter(database);
        var applied = 0;
        var inDoubt = writer.RunAsync(_ => ++applied);
        while (!database.Tried)
            await Task.Yield();
        var failure = await Assert.ThrowsAsync<LedgerException>(() => writer.RunAsync(_ => 0));
        Assert.Equal("away", failure.Message);
        database.State = false;
        Assert.Equal(2, await inDoubt);
        Assert.Equal(1, writer.Commits);
    }

    [Fact]
    public async Task A_change_that_stays_in_doubt_fails_when_the_store_is_closed()
    {
        var database = new ScriptedDatabase { Commits = new([new InDoubtException(new IOException("lost"))]) };
        var writer = new GroupWriter(database);
        var inDoubt = writer.RunAsync(_ => 0);
        while (!database.Tried)
            await Task.Yield();
        await writer.DisposeAsync();
        var failure = await Assert.ThrowsAsync<LedgerException>(() => inDoubt);
        Assert.Contains("which may be there or not", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.IsUnknown);
        await Assert.ThrowsAsync<LedgerException>(() => writer.RunAsync(_ => 0));
    }

    [Fact]
    public async Task A_wrong_change_fails_alone()
    {
        await using var writer = new GroupWriter(new ScriptedDatabase());
        using var hold = new ManualResetEventSlim();
        var first = writer.RunAsync(_ =>
        {
            hold.Wait();
            return 0;
        });
        var changes = Enumerable.Range(0, 900).Select(i => writer.RunAsync(_ => i != 700 ? i : throw new FormatException("wrong"))).ToArray();
        hold.Set();
        await first;
        for (var i = 0; i < changes.Length; i++)
        {
            if (i == 700)
                Assert.Contains("wrong", (await Assert.ThrowsAsync<LedgerException>(() => changes[700])).Message, StringComparison.Ordinal);
            else
                Assert.Equal(i, await changes[i]);
        }

        // Halves of halves, not one by one.
        Assert.InRange(writer.Commits, 2, 15);
    }

    [Theory]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task A_transaction_that_met_one_of_another_process_is_repeated_some_times(int conflicts, bool succeeds)
    {
        await using var writer = new GroupWriter(new ScriptedDatabase { Commits = new Queue<Exception>(Enumerable.Repeat(new TimeoutException(), conflicts)) });
        var change = writer.RunAsync(_ => 1);
        if (succeeds)
            Assert.Equal(1, await change);
        else
            await Assert.ThrowsAsync<LedgerException>(() => change);
    }

    private sealed class ScriptedDatabase : IWritable
    {
        /// <summary>What the next commits throw.</summary>
        public Queue<Exception> Commits { get; init; } = new();

        /// <summary>What became of a commit; null: the database is away.</summary>
        public bool? State { get; set; }

        public bool Tried { get; private set; }

        public ISession Begin() => new NoSession();

        public void Commit()
        {
            if (!Commits.TryDequeue(out var failure))
                return;
            Tried = true;
            throw failure;
        }

        public Exception RollBack(Exception cause) => cause;

        public bool WasCommitted() => State ?? throw new IOException("away");

        public bool IsOfTheStatement(Exception e) => e is FormatException;

        public bool IsConflict(Exception e) => e is TimeoutException;

        public IOException Explain(Exception e) => e as LedgerException ?? new LedgerException(e.Message);

        public ISession OpenReader() => throw new NotSupportedException();

        public bool IsLost(Exception e) => false;

        public void Touch()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class NoSession : ISession
    {
        public int Execute(string sql, params ReadOnlySpan<object?> values) => throw new NotSupportedException();

        public void Each(string sql, Func<DbDataReader, bool> read, params ReadOnlySpan<object?> values) => throw new NotSupportedException();

        public void Insert(Insertion into, params ReadOnlySpan<object?> values) => throw new NotSupportedException();

        public void ForNumber(string sql, long number, Action<DbDataReader> read) => throw new NotSupportedException();

        public void ForPayload(string sql, long number, Action<DbDataReader> read) => throw new NotSupportedException();

        public long NextNumber() => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
