import { expect } from "chai";
import { firestoreError } from "../../dev/testing/faults.ts";
import { classify, Status, statusOf } from "../../src/firestore/errors.ts";

describe("what a failed write means for its sender", () => {
  const failures = {
    transient: [
      "CANCELLED",
      "UNKNOWN",
      "DEADLINE_EXCEEDED",
      "RESOURCE_EXHAUSTED",
      "ABORTED",
      "INTERNAL",
      "UNAVAILABLE",
    ],
    stale: ["FAILED_PRECONDITION", "NOT_FOUND"],
    poisoned: ["INVALID_ARGUMENT"],
    final: ["ALREADY_EXISTS", "PERMISSION_DENIED"],
  } as const;

  for (const [failure, names] of Object.entries(failures)) {
    for (const name of names) {
      it(`is ${failure} after ${name}`, () => {
        expect(classify(firestoreError(Status[name]))).to.equal(failure);
      });
    }
  }

  it("is known for every status, and final for what is not Firestore's", () => {
    expect(Object.values(failures).flat()).to.have.members(Object.keys(Status));
    expect(statusOf(new TypeError("a fault of the code"))).to.equal(undefined);
    expect(classify(new TypeError("a fault of the code"))).to.equal("final");
  });
});
